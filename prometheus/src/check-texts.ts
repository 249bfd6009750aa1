import { checkLabels, comparisonLabels, metric } from './promql.ts';
import { recorded } from './recording.ts';
import type { AlertText } from './rule.ts';
import { causesOfPaths, check, comparison, failingSince, lastCause, lastRemedy, lookUp } from './texts.ts';
import { thresholds } from './thresholds.ts';

const ratio = `${recorded.throughputOfPast}%`;
const retried = {
  cause: 'not known: a run that succeeds has no verdict. The board shows why attempts failed, and who answered them.',
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
    users: `The probe cannot log in to push ${check}. If the token service is at fault, users cannot either; if the secret of the probe is, they can.`,
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
      'the first attempt failed in {{ $value | humanizePercentage }} of the runs of the last {{ $labels.window }}, and the newest runs still need a second.',
    ...retried,
  },
  BlobprobeThroughputDegraded: {
    users: `Users can push ${check}, but it takes more than three times as long as usual; large pushes may run into time limits.`,
    since:
      'the best of the last runs reached {{ $value | humanizePercentage }} of what this check usually reached in the days before.',
    cause:
      lookUp(`count(${ratio} < ${thresholds.throughputOfPast})`, comparisonLabels, '{{ .Value }} of ') +
      lookUp(`count(${ratio})`, comparisonLabels, '{{ .Value }} paths to this registry became so much slower. ') +
      'If all did, it is the registry, its storage or the prober; if only this one did, it is a hop or the network of this path.',
    first:
      'Read "Phases against last week" on the board: a longer send points to the network or a bandwidth limit, a longer wait or commit to the storage of the registry.',
  },
  BlobprobePullCorrupted: {
    users: `Users who pull ${check} get other bytes than were pushed; clients refuse such images.`,
    since: 'it was seen within the last {{ $labels.window }}. The digests differ, so there is no doubt.',
    cause:
      'a cache or proxy of this path that changes bodies, or damaged storage. Hop: not known until another path is compared.',
    first:
      'Pull the same digest over another path. If it is damaged there too, check the storage; if it is intact, turn off caching and compression for `/v2/` on this path.',
  },
  BlobprobeCheckStale: {
    users: `Nobody knows whether users can push ${check}: its last result is old.`,
    since: 'no run has ended for {{ $value | humanizeDuration }}.',
    cause:
      lookUp(
        `topk(1, sum by (cause) (increase(${metric('runsSkipped')}%[1d])) > 0)`,
        checkLabels,
        'runs were skipped, mostly because of {{ .Labels.cause }}.',
        'no run was skipped: the run hangs or waits for others.',
      ) + ' Hop: the prober.',
    first:
      'Give the check a longer `every` or a shorter `timeout`; if the cause is `budget`, raise `budget.bytesPerDay`.',
  },
  BlobprobeCleanupFailing: {
    users: `Users can push; but each push of ${check} leaves objects behind, and the storage of the registry grows.`,
    since: 'each run of the last {{ $labels.window }} left {{ $value | printf "%.1f" }} objects on average.',
    cause:
      'the account may not delete, or the registry or a proxy refuses DELETE; `cleanup.failures` of the newest run says which. Hop: the registry, most often.',
    first:
      'Let the account delete in the repository of the probe, or enable deletion (distribution `storage.delete.enabled: true`); where it must stay off, set `cleanup: cancel` or `payload: { rotate: 8 }`.',
  },
} as const satisfies Readonly<Record<string, AlertText>>;
