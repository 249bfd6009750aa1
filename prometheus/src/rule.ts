/** One recording rule. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export const severities = ['critical', 'warning', 'info'] as const;
/** critical: pushes fail now, somebody is to look; warning: within days; info: worth knowing when one looks anyway. */
export type Severity = (typeof severities)[number];

/** One alerting rule; durations in seconds. Its runbook is found by its name. */
export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly hold: number;
  readonly keep?: number;
  readonly severity: Severity;
  /** The window's label, for rules that exist once for each cadence. */
  readonly window?: string;
  /** A full sentence without labels: it heads a group of alerts. */
  readonly summary: string;
  readonly description: string;
  readonly dashboard: 'overview' | 'path';
}

export interface RuleGroup<R> {
  readonly name: string;
  readonly rules: readonly R[];
}
