import { limitBounds } from '../../src/publish/metrics/metric-names.ts';
import type { LimitDirection } from '../../src/probe/limits/limit.ts';
import { by, duration, metric, targetLabels } from './promql.ts';
import { recorded } from './recording.ts';
import type { AlertingRule } from './rule.ts';
import { lookUp } from './texts.ts';
import { thresholds } from './thresholds.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const [accepted, rejected] = limitBounds;
const searched = [...targetLabels, 'registry', 'path', 'client', 'direction'];
const pathWords = 'path {{ $labels.path }} to registry {{ $labels.registry }}';

/** Alerts on a path or registry as a whole: limits, endpoints, certificates, leftovers. */
export function pathAlerts(): AlertingRule[] {
  return [...limitAlerts(), apiDown(), ...certificateAlerts(), leftovers()];
}

/** What searches look for, and the best that they found in a week. */
const limits = {
  limitBytes: { best: recorded.sizeLimitBest, unit: 'humanize1024' },
  limitSeconds: { best: recorded.durationLimitBest, unit: 'humanizeDuration' },
} as const;
type LimitKey = keyof typeof limits;

/**
 * Something smaller than the best of the week must be refused now: a search tries few sizes and times, so that the same limit found anew
 * may lie a step lower, and one that was told to end sooner has no refusal. Where nothing is accepted any more the share is 0.
 */
function dropped(key: LimitKey, direction: LimitDirection): string {
  // One series each, also where a target came back with other labels (a new pod on the same host).
  const most = (selector: string): string => `max ${by(searched)} (${selector})`;
  const now = most(metric(key, { bound: accepted, direction }));
  const best = most(`${limits[key].best}{direction="${direction}"}`);
  const share = `${now} / ${best} < ${thresholds.limitOfPast[direction]} or (${best} * 0 unless ${now})`;
  const lost = `${most(metric(key, { bound: rejected, direction }))} < ${best}`;
  return `(${share}) and (${lost})`;
}

/** The smallest that is refused, in words. */
function refused(key: LimitKey): string {
  return lookUp(`max without (bound) (${metric(key)}%)`, searched, `{{ .Value | ${limits[key].unit} }}`);
}

function droppedAlert(
  key: LimitKey,
  direction: LimitDirection,
  own: Pick<AlertingRule, 'alert' | 'summary'> & { readonly users: string; readonly first: string },
): AlertingRule {
  return {
    // A search runs seldom: the gauge is gone from a restart until the next one, and the alert must not go with it.
    hold: 5 * minute,
    keep: day,
    severity: 'critical',
    dashboard: 'path',
    alert: own.alert,
    summary: own.summary,
    expr: dropped(key, direction),
    text: {
      users: own.users,
      since: 'the newest search, which found {{ $value | humanizePercentage }} of the best limit of the last week.',
      cause:
        'a hop of this path was changed, upgraded or replaced by one with default limits, or the plan at the CDN changed. Hop: whoever answered the failed runs.',
      first: `${own.first}; until then ${direction} over another path.`,
    },
  };
}

function limitAlerts(): AlertingRule[] {
  const users = 'Users of {{ $labels.client }} cannot';
  return [
    droppedAlert('limitBytes', 'push', {
      alert: 'BlobprobeSizeLimitDropped',
      summary: 'Users cannot push blobs over a path that were small enough last week.',
      users: `${users} push blobs of ${refused('limitBytes')}B any more over ${pathWords}.`,
      first:
        'Raise the limit of the hop that answers: nginx `client_max_body_size 0;`, ingress-nginx `nginx.ingress.kubernetes.io/proxy-body-size: "0"`, Traefik without `buffering`',
    }),
    droppedAlert('limitSeconds', 'push', {
      alert: 'BlobprobeDurationLimitDropped',
      summary: 'Users cannot push over a path for as long as last week.',
      users: `${users} push for ${refused('limitSeconds')} any more over ${pathWords}: slow or large pushes are cut.`,
      first:
        'Raise the time limit of the hop that answers: Traefik `respondingTimeouts.readTimeout: 0`, nginx `client_body_timeout 900s;` and `proxy_read_timeout 900s;`, HAProxy `timeout client 15m`',
    }),
    droppedAlert('limitBytes', 'pull', {
      alert: 'BlobprobePullSizeLimitDropped',
      summary: 'Users cannot pull blobs over a path that came back last week.',
      users: `${users} pull blobs of ${refused('limitBytes')}B any more over ${pathWords}: they do not come back.`,
      first:
        'Raise the limit on the size of answers of the hop that refuses or cuts: squid `reply_body_max_size none`, ModSecurity `SecResponseBodyAccess Off`, a cache that keeps blobs larger than it may',
    }),
    droppedAlert('limitSeconds', 'pull', {
      alert: 'BlobprobePullDurationLimitDropped',
      summary: 'Users cannot pull over a path for as long as last week.',
      users: `${users} pull for ${refused('limitSeconds')} any more over ${pathWords}: slow or large pulls are cut.`,
      first:
        'Raise the time limit on answers of the hop that cuts: Traefik `respondingTimeouts.writeTimeout: 0`, Envoy `timeout: 0s` of the route, Go servers `WriteTimeout`, nginx `send_timeout 900s;`',
    }),
  ];
}

function apiDown(): AlertingRule {
  return {
    alert: 'BlobprobeApiDown',
    expr: `${metric('apiUp')} == 0`,
    hold: 10 * minute,
    keep: 10 * minute,
    severity: 'warning',
    summary: 'Users cannot use an endpoint of a registry.',
    text: {
      users: `Users cannot use endpoint {{ $labels.endpoint }} over ${pathWords}: without ping and auth no client works, without catalog and tags no list of images does.`,
      since: 'at least 10 minutes, asked every one to five minutes with the credentials of the probe.',
      cause:
        'not known from this alone: the registry, a hop that lets only some URLs through, or rights of the account of the probe.',
      first:
        '`curl -i https://REGISTRY-HOST/v2/` over this path. If the endpoint is closed on purpose, silence this alert by its label `endpoint`.',
    },
    dashboard: 'path',
  };
}

function certificateAlerts(): AlertingRule[] {
  const left = `${metric('tlsCertificateExpiry')} - time()`;
  const { certificateWarningSeconds: soon, certificateCriticalSeconds: urgent } = thresholds;
  const common = {
    alert: 'BlobprobeCertificateExpiring',
    hold: 10 * minute,
    summary: 'Users will not be able to push over a path, because its certificate expires soon or has expired.',
    text: {
      users: `{{ if lt $value 0.0 }}Users cannot push over ${pathWords}: its certificate has expired.{{ else }}Users can push over ${pathWords} for {{ $value | humanizeDuration }} more, then its certificate expires.{{ end }}`,
      since: 'the date stands in the certificate that the last run saw, so it is certain.',
      cause:
        'automatic renewal fails, or a server was not reloaded after it. Hop: the first one of the path, where TLS ends.',
      first:
        'Renew the certificate and reload the server there; check each address behind the name with `openssl s_client -connect HOST:443 -servername HOST`.',
    },
    dashboard: 'path',
  } as const;
  return [
    // One of the two at a time.
    { ...common, expr: `${left} < ${soon} >= ${urgent}`, severity: 'warning' },
    { ...common, expr: `${left} < ${urgent}`, severity: 'critical' },
  ];
}

function leftovers(): AlertingRule {
  return {
    alert: 'BlobprobeLeftovers',
    expr: `sum ${by([...targetLabels, 'registry'])} (${metric('leftoverObjects')}) > ${thresholds.leftoverObjects}`,
    hold: 6 * hour,
    severity: 'warning',
    summary: 'Users can push, but objects of earlier probes stay in a registry.',
    text: {
      users:
        'Users can push; the storage of registry {{ $labels.registry }} holds {{ $value }} objects of earlier probes.',
      since: `at least ${duration(6 * hour)}, by the ledger of the prober {{ $labels.instance }}.`,
      cause:
        'clean-up is refused, or the prober was killed often while the registry could not be reached. Hop: the registry, most often.',
      first:
        'Let the account delete in the repository of the probe; the prober then removes the leftovers by itself. The repository is for probing only, so you may also delete it as a whole.',
    },
    dashboard: 'overview',
  };
}
