/** One group of figures that belong together: a row in the table of `suites.ts`, measured by a file in `suites/`. */
export interface Suite {
  /** As `--suite` names it and as its file of results is called. */
  readonly name: string;
  /** What it measures and beside which peers, in one line. */
  readonly what: string;
  readonly run: (context: BenchContext) => Promise<readonly Row[]>;
}

/** What a suite is told. */
export interface BenchContext {
  /** How often each subject is measured. */
  readonly runs: number;
  /** Size of the blob where a suite pushes one. */
  readonly sizeMiB: number;
  /** One line on stderr: what is being measured right now. */
  readonly progress: (line: string) => void;
}

/** One figure of one subject. */
export interface Row {
  /** Who was measured: a client of ours, or a peer by name. */
  readonly subject: string;
  /** What was measured, with its circumstances where they differ between rows. */
  readonly figure: string;
  readonly unit: string;
  /** Absent: not measured, and `note` says why. */
  readonly range?: Range;
  readonly ratio?: Ratio;
  readonly goal?: Goal;
  readonly note?: string;
}

/** Several measurements of the same thing. `p99` where there are enough of them for it to mean something. */
export interface Range {
  readonly min: number;
  readonly median: number;
  readonly p99?: number;
  readonly max: number;
  readonly samples: number;
}

/** The median here by the median of another subject in the same run. */
export interface Ratio {
  readonly to: string;
  readonly value: number;
}

/** What the figure `of` a row is held against; at least one of the bounds is there. */
export interface Goal {
  readonly of: 'min' | 'median' | 'p99' | 'max' | 'ratio';
  readonly atMost?: number;
  readonly atLeast?: number;
}
