import { metricSpecs } from '../../src/publish/metric-names.ts';
import { checkLabels } from './promql.ts';

export const links = {
  runbooks: 'https://github.com/blobprobe/blobprobe/blob/main/docs/runbooks',
  grafana: 'https://grafana.example.org',
} as const;

/** Identifiers under which Grafana knows the boards. */
export const boardUids = { overview: 'blobprobe-overview', path: 'blobprobe-path' } as const;

/** Who pushes what where, in the words of the product. */
export const check =
  '{{ $labels.workload }} as {{ $labels.client }} over path {{ $labels.path }} to registry {{ $labels.registry }}';

/** The same over all paths. */
export const comparison = '{{ $labels.workload }} as {{ $labels.client }} to registry {{ $labels.registry }}';

/**
 * What the last failure of a check was, looked up when the alert is sent: as labels of the alert these would make a new
 * alert of every change of reason.
 */
export const lastFailure = lookUp(
  metricSpecs.lastFailureInfo.name,
  checkLabels,
  ' Last failure: {{ .Labels.reason }} in phase {{ .Labels.phase }}, answered by {{ .Labels.answered_by }}, blame {{ .Labels.blame }}.',
);

function lookUp(name: string, labels: readonly string[], text: string): string {
  const matchers = labels.map((label) => `${label}='%s'`).join(',');
  const values = labels.map((label) => `$labels.${label}`).join(' ');
  return `{{ with printf "${name}{${matchers}}" ${values} | query }}{{ with first . }}${text}{{ end }}{{ end }}`;
}

/** Board of an alert with its labels chosen. */
export function dashboardUrl(board: keyof typeof boardUids, labels: readonly string[]): string {
  const variables = labels.map((label) => `var-${label}={{ $labels.${label} | urlquery }}`);
  return [`${links.grafana}/d/${boardUids[board]}`, ...(variables.length > 0 ? [variables.join('&')] : [])].join('?');
}

export function runbookUrl(alert: string): string {
  return `${links.runbooks}/${alert}.md`;
}
