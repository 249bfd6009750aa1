import type { FieldConfigSource } from '@grafana/data';

/** A board's JSON, as far as the viewer reads it. */
export interface Board {
  readonly title: string;
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly Annotation[] };
  readonly links: readonly { readonly title: string }[];
}

export interface Annotation {
  readonly name: string;
  readonly iconColor: string;
  readonly expr: string;
  /** Least step, as Grafana writes it. */
  readonly step: string;
  readonly textFormat: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly repeat?: string;
  /** Values of this copy of a panel that repeats. */
  readonly scope?: Readonly<Record<string, Value>>;
  readonly targets?: readonly Target[];
  readonly transformations?: readonly { readonly id: string; readonly options: object }[];
  readonly fieldConfig?: FieldConfigSource;
  // What a kind of panel may be told; each kind reads its own.
  readonly options?: Readonly<Record<string, never>>;
}

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly format?: string;
  readonly instant?: boolean;
  /** Least step, as Grafana writes it; may hold variables. */
  readonly interval?: string;
}

export interface Variable {
  readonly name: string;
  readonly label?: string;
  readonly type: string;
  readonly query?: string;
  readonly regex?: string;
  readonly hide?: number | string;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
  readonly current?: { readonly value?: string };
}

/** What Prometheus said to one target. */
export interface Answer {
  readonly refId: string;
  readonly format?: string;
  readonly instant: boolean;
  readonly stepSeconds: number;
  readonly result: readonly Series[];
  /** Name of each series by the legend's format. */
  readonly legend: readonly string[];
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

/** A variable's value: as it stands in a query, all values that it could have, and what is written above the board. */
export interface Value {
  readonly text: string;
  readonly query: string;
  readonly chosen: readonly string[];
}

/** Something that happened: a line in every curve. */
export interface Mark {
  /** Of the annotation. */
  readonly name: string;
  readonly color: string;
  readonly text: string;
  readonly atMs: number;
}

/** A board with everything that it asked for: enough to draw it without Prometheus. */
export interface AnsweredBoard {
  readonly board: Board;
  readonly answers: Readonly<Record<number, readonly Answer[]>>;
  readonly values: Readonly<Record<string, Value>>;
  readonly marks: readonly Mark[];
  readonly fromMs: number;
  readonly toMs: number;
}
