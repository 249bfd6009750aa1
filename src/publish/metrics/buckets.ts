const KiB = 1024;
const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

/**
 * Upper bounds of the histograms. Edges stand close around the round numbers at which proxies give up (30, 60, 100, 120
 * and 300 s; 1, 10, 100 MB and MiB …), so that a limit shows as one full bucket between two empty ones. No more than that:
 * each edge is a series for each check and phase, outcome, direction or reason.
 */
export const buckets = {
  /** Seconds of a whole run. */
  duration: [0.1, 0.5, 1.5, 5.5, 15.5, 29.5, 31.5, 59.5, 62.5, 99.5, 103.5, 119.5, 124.5, 299.5, 310.5, 900.5],
  /** Seconds of one phase: fine where dns, connect and tls live. Limits show in the two histograms of failures. */
  phase: [0.005, 0.025, 0.1, 0.5, 2.5, 10.5, 62.5, 310.5],
  /** Seconds of a failed request. */
  failureElapsed: [1.5, 5.5, 15.5, 29.5, 31.5, 59.5, 62.5, 99.5, 103.5, 119.5, 124.5, 299.5, 310.5],
  /** Bytes sent at a failure. 16 and 128 MiB catch what socket buffers took beyond a limit just below. */
  failureBytes: [1e6, MiB, 4 * MiB, 1e7, 10 * MiB, 16 * MiB, 1e8, 100 * MiB, 128 * MiB, 5e8, GiB],
  /** Bytes per second, 64 KiB/s to 4 GiB/s: in steps of two where lines of today are, of four beyond. */
  throughput: [64 * KiB, 256 * KiB, ...Array.from({ length: 9 }, (_, power) => MiB * 2 ** power), GiB, 4 * GiB],
  /** Whole numbers fall between the edges, so that no edge depends on how `1` is written (prometheus/prometheus#14485). */
  attempts: [1.5, 2.5, 3.5, 4.5, 5.5, 10.5],
  lag: [0.01, 0.05, 0.1, 0.5, 1.5, 5.5, 15.5, 60.5, 300.5, 900.5, 3600.5],
} as const satisfies Record<string, readonly number[]>;
