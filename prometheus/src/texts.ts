import { metricSpecs } from '../../src/publish/metrics/metric-names.ts';
import { checkLabels, comparisonLabels } from './promql.ts';
import type { AlertText } from './rule.ts';

export const links = {
  runbooks: 'https://github.com/blobprobe/blobprobe/blob/main/docs/runbooks',
  grafana: 'https://grafana.example.org',
  /** Where a prober shows its runs, when it is reached as Prometheus reaches it. */
  prober: 'http://{{ $labels.instance }}',
} as const;

/** What every reason of a failure means and what to do about it. */
export const failuresUrl = 'https://github.com/blobprobe/blobprobe/blob/main/docs/failures.md';

/** Identifiers under which Grafana knows the boards. */
export const boardUids = { overview: 'blobprobe-overview', path: 'blobprobe-path' } as const;

/** Who pushes what where, in the words of the product. */
export const check =
  'workload {{ $labels.workload }} as {{ $labels.client }} over path {{ $labels.path }} to registry {{ $labels.registry }}';

/** The same over all paths. */
export const comparison = 'workload {{ $labels.workload }} as {{ $labels.client }} to registry {{ $labels.registry }}';

const name = (key: keyof typeof metricSpecs): string => metricSpecs[key].name;

/**
 * What a query about the alert's own labels finds, looked up when the alert is sent: as labels of the alert these would make a new alert of
 * every change. `query` has `%` where the selector belongs; `text` is a template of its first sample.
 */
export function lookUp(query: string, labels: readonly string[], text: string, otherwise = ''): string {
  return `{{ with ${asked(query, labels)} }}{{ with first . }}${text}{{ end }}{{ else }}${otherwise}{{ end }}`;
}

/** The same for every sample that is found, by path. */
export function lookUpAll(query: string, labels: readonly string[], text: string): string {
  return `{{ range ${asked(query, labels)} | sortByLabel "path" }}${text}{{ end }}`;
}

function asked(query: string, labels: readonly string[]): string {
  const matchers = labels.map((label) => `${label}='%s'`).join(',');
  const parts = query.split('%');
  const values = parts.slice(1).flatMap(() => labels.map((label) => `$labels.${label}`));
  return `printf "${parts.join(`{${matchers}}`)}" ${values.join(' ')} | query`;
}

/** How long a check has been failing, by its own count. */
export const failingSince =
  lookUp(`${name('consecutiveFailures')}%`, checkLabels, '{{ .Value }} failed runs in a row; ') +
  lookUp(
    `time() - ${name('lastSuccessTimestamp')}%`,
    checkLabels,
    'the last success was {{ .Value | humanizeDuration }} ago.',
    'none has succeeded since the prober started.',
  );

const perhaps = '{{ if eq .Labels.confidence "open" }}perhaps {{ end }}{{ .Labels.title }} ({{ .Labels.confidence }})';

/** The verdict on the last failure of a check. */
export const lastCause =
  lookUp(`${name('lastCauseInfo')}%`, checkLabels, `${perhaps}; hop: {{ .Labels.hop }}.`, 'not known.') +
  lookUp(
    `${name('lastFailureInfo')}%`,
    checkLabels,
    ' The last run failed with {{ .Labels.reason }} in phase {{ .Labels.phase }}, answered by {{ .Labels.answered_by }}, blame {{ .Labels.blame }}.',
  );

/** What to change about it. */
export const lastRemedy = lookUp(
  `${name('lastCauseInfo')}%`,
  checkLabels,
  '{{ .Labels.remedy }}',
  lookUp(
    `${name('lastFailureInfo')}%`,
    checkLabels,
    `Look at the {{ .Labels.blame }} hop and read ${failuresUrl}#{{ .Labels.reason }}`,
    'Open the newest run.',
  ),
);

/** The verdicts over all paths of a comparison. */
export const causesOfPaths = lookUpAll(
  `${name('lastCauseInfo')}%`,
  comparisonLabels,
  `over {{ .Labels.path }}: ${perhaps}, hop: {{ .Labels.hop }}; `,
);

/** An alert's description; in one line, because std.parseYaml of jsonnet 0.20 takes no other. The template for Alertmanager breaks it. */
export function written({ users, since, cause, first }: AlertText): string {
  return [users, `Since: ${since}`, `Cause: ${cause}`, `First try: ${first}`].join(' ');
}

/** Board of an alert with its labels chosen. */
export function dashboardUrl(board: keyof typeof boardUids, labels: readonly string[]): string {
  const variables = labels.map((label) => `var-${label}={{ $labels.${label} | urlquery }}`);
  return [`${links.grafana}/d/${boardUids[board]}`, ...(variables.length > 0 ? [variables.join('&')] : [])].join('?');
}

/** The newest runs that an alert is about. */
export function runsUrl(labels: readonly string[]): string {
  const own = labels.filter((label) => label !== 'job' && label !== 'instance');
  return `${links.prober}/runs?${own.map((label) => `${label}={{ $labels.${label} | urlquery }}`).join('&')}`;
}

export function runbookUrl(alert: string): string {
  return `${links.runbooks}/${alert}.md`;
}
