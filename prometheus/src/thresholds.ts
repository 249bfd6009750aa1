/** Where alerts begin. The dashboards draw these very values. */
export const thresholds = {
  /** Retries among attempts. */
  retryRatio: 0.25,
  /** Runs whose first attempt failed, among runs. */
  firstAttemptFailureRatio: 0.3,
  /** Best of the last runs against the median of a check's own past. */
  throughputOfPast: 0.33,
  /** Smaller pushes measure round trips rather than throughput. */
  throughputBytes: 1024 ** 2,
  /** Largest accepted size or duration against the best of a week. That of pulls is found from where they were cut, which varies: by an eighth in bytes, by a step of the search in time. */
  limitOfPast: { push: 0.9, pull: 0.75 },
  /** Runs with an object left behind, among runs. */
  cleanupFailureRatio: 0.5,
  leftoverObjects: 20,
  certificateWarningSeconds: 14 * 86_400,
  certificateCriticalSeconds: 3 * 86_400,
  /** The lag above which the prober itself marks a run as tainted. */
  eventLoopLagSeconds: 0.25,
  taintedRatio: 0.2,
  /** Intervals without a run. */
  staleIntervals: 3,
} as const;
