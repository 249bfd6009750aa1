import { stringify } from 'yaml';
import { by, duration, metric, on } from './promql.ts';
import { recorded } from './recording.ts';
import type { RecordingRule } from './rule.ts';
import { dashboardUrl, lookUp, runbookUrl, written } from './texts.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** Whose share of pushes that work is promised; the sum of clients and probers. */
export const sloLabels = ['registry', 'path', 'workload'] as const;

/** Labels by which Sloth's rules, boards and users know an objective. */
const identity = { sloth_id: 'blobprobe-pushes', sloth_service: 'blobprobe', sloth_slo: 'pushes' } as const;
const ids = Object.keys(identity);
const windows = [5 * minute, 30 * minute, hour, 2 * hour, 6 * hour, day, 3 * day];
export const sloPeriodDays = 30;
export const sloAlertName = 'BlobprobeErrorBudgetBurning';
export const sloSummary = 'Users cannot push reliably: pushes fail more often than the objective allows.';
/** The one series that somebody else has to bring: without it nothing alerts. */
const objective = 'slo:objective:ratio';
const budget = 'slo:error_budget:ratio';
const sli = (seconds: number): string => `slo:sli_error:ratio_rate${duration(seconds)}`;
const selected = `{${ids.map((id) => `${id}="${identity[id as keyof typeof identity]}"`).join(', ')}}`;
const perBudget = `/ ${on(ids)} group_left () ${budget}${selected}`;

/** Windows and burn rates of the SRE workbook, as Sloth has them: both of a pair must burn. */
const pages = [
  { short: 5 * minute, long: hour, rate: 14.4 },
  { short: 30 * minute, long: 6 * hour, rate: 6 },
];
const tickets = [
  { short: 2 * hour, long: day, rate: 3 },
  { short: 6 * hour, long: 3 * day, rate: 1 },
];

/** The file of rules for an objective. */
export function sloFile(): string {
  const groups = [
    { name: 'blobprobe.slo.sli', rules: sliRules() },
    { name: 'blobprobe.slo.meta', rules: metaRules() },
    { name: 'blobprobe.slo.alerts', rules: [alert('page', pages), alert('ticket', tickets)] },
  ];
  return header + stringify({ groups }, { lineWidth: 0, aliasDuplicateObjects: false });
}
export const sloFileName = 'blobprobe.slo.yaml';

const header = `# Generated from prometheus/src; do not edit. \`npm run generate\` writes it anew.
# The share of pushes that work, with Sloth's names. Nothing alerts until a rule of yours records the objective:
#   - record: ${objective}
#     expr: vector(0.99)
#     labels: ${JSON.stringify(identity).replaceAll('"', '').replaceAll(':', ': ').replaceAll(',', ', ')}
`;

function sliRules(): RecordingRule[] {
  const sum = (key: 'runs' | 'runFailures', range: string): string =>
    `sum ${by(sloLabels)} (increase(${metric(key)}[${range}]))`;
  const measured = windows.map((seconds) => {
    const range = duration(seconds);
    const expr = `${sum('runFailures', range)} / (${sum('runs', range)} > 0)`;
    return { record: sli(seconds), expr, labels: { ...identity, sloth_window: range } };
  });
  const range = duration(sloPeriodDays * day);
  const past = `${sli(5 * minute)}${selected}[${range}]`;
  const expr = `sum_over_time(${past}) / ignoring (sloth_window) count_over_time(${past})`;
  return [...measured, { record: sli(sloPeriodDays * day), expr, labels: { sloth_window: range } }];
}

function metaRules(): RecordingRule[] {
  const burn = (seconds: number): string => `${sli(seconds)}${selected} ${perBudget}`;
  return [
    { record: budget, expr: `1 - ${objective}${selected}` },
    { record: 'slo:time_period:days', expr: `${objective}${selected} * 0 + ${sloPeriodDays}` },
    { record: 'slo:current_burn_rate:ratio', expr: burn(5 * minute) },
    { record: 'slo:period_burn_rate:ratio', expr: burn(sloPeriodDays * day) },
    { record: 'slo:period_error_budget_remaining:ratio', expr: `1 - slo:period_burn_rate:ratio${selected}` },
  ];
}

function burning({ short, long, rate }: (typeof pages)[number]): string {
  const above = (seconds: number): string => `(${sli(seconds)}${selected} ${perBudget} > ${rate})`;
  // One failed run of few is a large share, and no trend.
  const several = `(sum ${by(sloLabels)} (increase(${metric('runFailures')}[${duration(long)}])) > 1.5)`;
  return `(max without (sloth_window) ${above(short)} and ${on(sloLabels)} ${above(long)} and ${on(sloLabels)} ${several})`;
}

function alert(kind: 'page' | 'ticket', pairs: typeof pages): object {
  const burns = `(${pairs.map(burning).join(' or ')})`;
  // What fails altogether has paged already.
  const told = `unless ${on(sloLabels)} (max_over_time(${recorded.failing}[1h]) == 1)`;
  const where = 'workload {{ $labels.workload }} over path {{ $labels.path }} to registry {{ $labels.registry }}';
  const looked = Math.max(...pairs.map(({ long }) => long));
  const share = lookUp(`${sli(looked)}%`, sloLabels, '{{ .Value | humanizePercentage }}', 'not known how many');
  return {
    alert: sloAlertName,
    expr: kind === 'page' ? `${burns} ${told}` : burns,
    for: '2m',
    keep_firing_for: kind === 'page' ? '15m' : '2h',
    labels: { severity: kind === 'page' ? 'critical' : 'warning', sloth_severity: kind },
    annotations: {
      summary: sloSummary,
      description: written({
        users: `Users cannot push ${where} reliably: more pushes fail than the objective allows, though not all.`,
        since: `${share} of the pushes of the last ${duration(looked)} failed, over all clients and probers; the error budget burns {{ $value | printf "%.1f" }} times as fast as it may.`,
        cause:
          'there may be several: the board shows the reasons over time, and the hop that answered. A check that fails every time has an alert of its own, with the cause.',
        first: 'Read "Failed attempts" on the board, and mend the most frequent reason.',
      }),
      runbook_url: runbookUrl(sloAlertName),
      dashboard_url: dashboardUrl('path', sloLabels),
    },
  };
}
