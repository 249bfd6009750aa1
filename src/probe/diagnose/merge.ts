import type { CauseName } from './causes.ts';
import type { Confidence, Finding } from './finding.ts';

const order: readonly Confidence[] = ['certain', 'likely', 'open'];
const mostEvidence = 6;

/** Causes that say in general what each of these says in particular. */
const general: ReadonlyMap<string, ReadonlySet<string>> = new Map<CauseName, ReadonlySet<CauseName>>([
  [
    'request_time_limit',
    new Set<CauseName>([
      'traefik_read_timeout',
      'nginx_client_body_timeout',
      'haproxy_client_timeout',
      'envoy_idle_timeout',
      'envoy_request_timeout',
      'envoy_max_stream_duration',
      'apache_request_timeout',
      'alb_idle_timeout',
    ]),
  ],
]);

function hasParticular(cause: string, other: string): boolean {
  return general.get(cause)?.has(other) === true;
}

/** One finding for each cause, with all its evidence: the surest first, and what makes it so. */
export function mergedFindings(all: readonly Finding[]): Finding[] {
  const findings = all
    .filter(({ cause }) => !all.some((other) => hasParticular(cause, other.cause)))
    .toSorted((a, b) => order.indexOf(a.confidence) - order.indexOf(b.confidence));
  const byCause = new Map<string, Finding>();
  for (const finding of findings) {
    const surest = byCause.get(finding.cause) ?? finding;
    const evidence = [...new Set([...surest.evidence, ...finding.evidence])].slice(0, mostEvidence);
    byCause.set(finding.cause, { ...surest, evidence });
  }
  return [...byCause.values()];
}
