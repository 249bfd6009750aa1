import { checkLabels, comparisonLabels, metric } from './promql.ts';
import { recorded } from './recording.ts';
import type { AlertText } from './rule.ts';
import { causesOfPaths, check, comparison, failingSince, lastCause, lastRemedy, lookUp } from './texts.ts';
import { thresholds } from './thresholds.ts';

const ratio = `${recorded.throughputOfPast}%`;
const retried = {
  cause:
    'not known: a run that succeeds has no verdict. The board has the reasons of the attempts that failed, and who answered them.',
  first: 'Read "Failed attempts" on the board, then the log of the hop that answered at these times.',
};

/** What alerts about checks say. */
export const checkTexts = {
  BlobprobePushFailing: {
    users: `Users cannot push ${check}.`,
    since: `${failingSince} Whether another path works is not known, so it may be the path or the registry.`,
    cause: lastCause,
    first: lastRemedy,
  },
  BlobprobePathFault: {
    users: `Users cannot push ${check}; over another path the same push works.`,
    since: `${failingSince} The registry is not at fault: it took the same push over another path.`,
    cause: lastCause,
    first: lastRemedy,
  },
  BlobprobeAllPathsFailing: {
    users: `Users cannot push ${comparison}, whatever the path.`,
    since:
      'the last runs over all {{ $value }} paths failed, so it is what they share: the registry, its storage, or the network of the prober.',
    cause: `${causesOfPaths}what they share is the registry, unless all of these name another hop.`,
    first:
      'Look at the log and the free space of the registry at the time of the newest run. When other registries fail too, look at the host of the prober.',
  },
  BlobprobeAuthFailing: {
    users: `The probe cannot log in to push ${check}. Users cannot either when the token service is at fault; when it is the secret of the probe, they can.`,
    since: failingSince,
    cause: lastCause,
    first: lastRemedy,
  },
  BlobprobeRetriesHigh: {
    users: `Users can push ${check}, but slowly: much is sent more than once.`,
    since:
      '{{ $value | humanizePercentage }} of the attempts in the last {{ $labels.window }} were retries, and the newest runs still need them.',
    ...retried,
  },
  BlobprobeFirstAttemptFailures: {
    users: `Users can push ${check} and notice nothing yet: retries hide it.`,
    since:
      'in {{ $value | humanizePercentage }} of the runs in the last {{ $labels.window }} the first attempt failed, and the newest runs still need a second.',
    ...retried,
  },
  BlobprobeThroughputDegraded: {
    users: `Users can push ${check}, but it takes more than three times as long as usual; large pushes may run into time limits.`,
    since:
      'the best of the last runs reached {{ $value | humanizePercentage }} of the median of the same check over the days before, as long as Prometheus remembers.',
    cause:
      lookUp(`count(${ratio} < ${thresholds.throughputOfPast})`, comparisonLabels, '{{ .Value }} of ') +
      lookUp(`count(${ratio})`, comparisonLabels, '{{ .Value }} paths to this registry got so much slower. ') +
      'All: the registry, its storage or the prober. Only this one: a hop or the network of this path.',
    first:
      'Read "Phases against last week" on the board: a longer send is the network or a bandwidth limit, a longer wait or commit the storage behind.',
  },
  BlobprobePullCorrupted: {
    users: `Users who pull ${check} get other bytes than were pushed; clients refuse such images.`,
    since: 'it was seen in the last {{ $labels.window }}, by the digest: there is no doubt that bytes differ.',
    cause:
      'a cache or proxy of this path that changes bodies, or damaged storage. Hop: not known until another path is compared.',
    first:
      'Pull the same digest over another path: the same damage is the storage; none is the path, so turn off caching and compression for `/v2/` there.',
  },
  BlobprobeCheckStale: {
    users: `Nobody knows whether users can push ${check}: what is shown of it is old.`,
    since: 'no run has ended for {{ $value | humanizeDuration }}.',
    cause:
      lookUp(
        `topk(1, sum by (cause) (increase(${metric('runsSkipped')}%[1d])) > 0)`,
        checkLabels,
        'slots were skipped by {{ .Labels.cause }}.',
        'no slot was skipped: the run hangs or waits for others.',
      ) + ' Hop: the prober.',
    first: 'Give the check a longer `every` or a shorter `timeout`; for `budget` raise `budget.bytesPerDay`.',
  },
  BlobprobeCleanupFailing: {
    users: `Users can push; but each push of ${check} leaves objects behind, and the storage of the registry grows.`,
    since: '{{ $value | printf "%.1f" }} objects a run in the last {{ $labels.window }}.',
    cause:
      'the account may not delete, or the registry or a proxy refuses DELETE; `cleanup.failures` of the newest run says which. Hop: the registry, most often.',
    first:
      'Grant delete on the repository of the probe, or enable it (distribution `storage.delete.enabled: true`); where it must stay off, set `cleanup: cancel` or `payload: { rotate: 8 }`.',
  },
} as const satisfies Readonly<Record<string, AlertText>>;
