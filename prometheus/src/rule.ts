/** One recording rule. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export const severities = ['critical', 'warning', 'info'] as const;
/** critical: pushes fail now, somebody is to look; warning: within days; info: worth knowing when one looks anyway. */
export type Severity = (typeof severities)[number];

/** Templates of Prometheus, one sentence or more each. */
export interface AlertText {
  /** What users cannot do, or what nobody sees. */
  readonly users: string;
  /** Since when, and how sure that is. */
  readonly since: string;
  /** Cause and hop, from the last verdict where there is one. */
  readonly cause: string;
  /** With the exact setting or command. */
  readonly first: string;
}

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
  /** What is read at 3 a.m., in this order. */
  readonly text: AlertText;
  readonly dashboard: 'overview' | 'path';
}

export interface RuleGroup<R> {
  readonly name: string;
  readonly rules: readonly R[];
}
