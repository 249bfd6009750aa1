import { stringify } from 'yaml';
import { type Cadence, cadences, windowLabel } from './cadence.ts';
import { checkAlerts } from './check-alerts.ts';
import { pathAlerts } from './path-alerts.ts';
import { proberAlerts } from './prober-alerts.ts';
import { checkLabels, comparisonLabels, duration, targetLabels } from './promql.ts';
import { recordingGroups } from './recording.ts';
import type { AlertingRule, RecordingRule, RuleGroup } from './rule.ts';
import { dashboardUrl, runbookUrl, runsUrl, written } from './texts.ts';

export interface RuleOptions {
  readonly cadences?: readonly Cadence[];
  /** Factor on `for` and `keep_firing_for` of the alerts without a cadence; 1 unless a test is in a hurry. */
  readonly timeScale?: number;
}

/** The two files of rules, as Prometheus reads them. */
export function ruleFiles(options: RuleOptions = {}): Readonly<Record<RuleFileName, string>> {
  return {
    'blobprobe.rules.yaml': file(recordingGroups(options.cadences), recordingYaml),
    'blobprobe.alerts.yaml': file(alertGroups(options), alertYaml),
  };
}
export const ruleFileNames = ['blobprobe.rules.yaml', 'blobprobe.alerts.yaml'] as const;
export type RuleFileName = (typeof ruleFileNames)[number];

export function alertGroups(options: RuleOptions = {}): RuleGroup<AlertingRule>[] {
  const { cadences: classes = cadences, timeScale = 1 } = options;
  const scaled = [...pathAlerts(), ...proberAlerts()].map((rule) => ({
    ...rule,
    hold: rule.hold * timeScale,
    ...(rule.keep === undefined ? {} : { keep: rule.keep * timeScale }),
  }));
  return [
    ...classes.map((cadence) => ({ name: `blobprobe.alerts.${windowLabel(cadence)}`, rules: checkAlerts(cadence) })),
    { name: 'blobprobe.alerts.other', rules: scaled },
  ];
}

/** Labels that an alert has from its expression, as far as a dashboard has variables for them. */
export function labelsOf({ alert, window }: AlertingRule): readonly string[] {
  if (alert === 'BlobprobeExporterAbsent') return [];
  if (alert === 'BlobprobeAllPathsFailing') return comparisonLabels;
  if (window !== undefined) return checkLabels;
  return extraLabels[alert] ?? targetLabels;
}

const searchLabels = [...targetLabels, 'registry', 'path', 'client'];
const extraLabels: Readonly<Record<string, readonly string[]>> = {
  BlobprobeSizeLimitDropped: searchLabels,
  BlobprobeDurationLimitDropped: searchLabels,
  BlobprobePullSizeLimitDropped: searchLabels,
  BlobprobePullDurationLimitDropped: searchLabels,
  BlobprobeApiDown: [...targetLabels, 'registry', 'path'],
  BlobprobeCertificateExpiring: [...targetLabels, 'registry', 'path'],
  BlobprobeLeftovers: [...targetLabels, 'registry'],
};

const header =
  '# Generated from prometheus/src; do not edit. `npm run generate` writes it anew.\n' +
  '# Works with Prometheus 2.42 and newer. What each alert means and what to do: docs/alerts.md and docs/runbooks/.\n';

function file<R>(groups: readonly RuleGroup<R>[], write: (rule: R) => object): string {
  const content = { groups: groups.map(({ name, rules }) => ({ name, rules: rules.map(write) })) };
  return header + stringify(content, { lineWidth: 0, aliasDuplicateObjects: false });
}

function recordingYaml({ record, expr, labels }: RecordingRule): object {
  return { record, expr, ...(labels === undefined ? {} : { labels }) };
}

function alertYaml(rule: AlertingRule): object {
  const { alert, expr, hold, keep, severity, window, summary, text, dashboard } = rule;
  const labels = labelsOf(rule);
  return {
    alert,
    expr,
    for: duration(hold),
    ...(keep === undefined ? {} : { keep_firing_for: duration(keep) }),
    labels: { severity, ...(window === undefined ? {} : { window }) },
    annotations: {
      summary,
      description: written(text),
      runbook_url: runbookUrl(alert),
      ...(labels.includes('registry') ? { runs_url: runsUrl(labels) } : {}),
      dashboard_url: dashboardUrl(dashboard, labels),
    },
  };
}
