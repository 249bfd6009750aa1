import { checkLabels, duration, metric, on } from './promql.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * Checks of similar interval. Ranges, `for` and `keep_firing_for` are constants in PromQL, so every rule about a check is
 * written once for each cadence, and `check_interval_seconds` decides which of them a check belongs to. All in seconds.
 */
export interface Cadence {
  /** Intervals above this … */
  readonly above: number;
  /** … up to and including this; the slowest cadence has no upper end. */
  readonly upTo: number;
  /** Range over which runs are counted: six runs or more of the slowest check of the cadence. */
  readonly window: number;
  /** Resolution at which the window is looked at; absent: every scrape. A week of scrapes of all checks costs too much. */
  readonly step?: number;
  /** Range of the last three runs or so. */
  readonly recent: number;
  readonly recentStep: number;
  /** Range of a check's own past, and the resolution at which it is looked at. */
  readonly past: number;
  readonly pastStep: number;
  readonly hold: number;
  /** An alert must not resolve between two runs, so it goes on for one more interval. */
  readonly keep: number;
}

export const cadences: readonly Cadence[] = [
  {
    above: 0,
    upTo: 5 * minute,
    window: 30 * minute,
    recent: 15 * minute,
    recentStep: minute,
    past: 7 * day,
    pastStep: hour,
    hold: 2 * minute,
    keep: 10 * minute,
  },
  {
    above: 5 * minute,
    upTo: hour,
    window: 6 * hour,
    step: 5 * minute,
    recent: 3 * hour,
    recentStep: 10 * minute,
    past: 7 * day,
    pastStep: hour,
    hold: 5 * minute,
    keep: hour,
  },
  {
    above: hour,
    upTo: 6 * hour,
    window: 36 * hour,
    step: 15 * minute,
    recent: 18 * hour,
    recentStep: hour,
    past: 10 * day,
    pastStep: 3 * hour,
    hold: 10 * minute,
    keep: 6 * hour,
  },
  {
    above: 6 * hour,
    upTo: Number.POSITIVE_INFINITY,
    window: 7 * day,
    step: hour,
    recent: 3 * day,
    recentStep: 3 * hour,
    past: 12 * day,
    pastStep: 6 * hour,
    hold: 15 * minute,
    keep: 25 * hour,
  },
];

/** Keeps, of a vector with the labels of a check, the checks of this cadence. */
export function ofCadence(vector: string, cadence: Cadence): string {
  return `(${vector}) and ${on(checkLabels)} (${intervalWithin(cadence)})`;
}

/** Increase of a counter with the labels of a check, over the window, for the checks of this cadence. */
export function increaseInWindow(counter: string, cadence: Cadence): string {
  const range = duration(cadence.window);
  if (cadence.step === undefined) return ofCadence(`increase(${counter}[${range}])`, cadence);
  return `increase((${ofCadence(counter, cadence)})[${range}:${duration(cadence.step)}])`;
}

/** The value of the label `window` by which rules of the same name are told apart, and which texts name. */
export function windowLabel(cadence: Cadence): string {
  return duration(cadence.window);
}

function intervalWithin({ above, upTo }: Cadence): string {
  const interval = metric('checkInterval');
  const lower = above > 0 ? [`> ${above}`] : [];
  const upper = Number.isFinite(upTo) ? [`<= ${upTo}`] : [];
  return [interval, ...lower, ...upper].join(' ');
}
