import { type MetricsFormat, textHead, textLines } from './exposition.ts';
import { type Fragment, joinPieces, type Piece, pieceOf, textOf } from './gzip-pieces.ts';
import type { Slices } from './time-slices.ts';

/** What one partition has of a family. The text format's is made when somebody asks for it. */
interface PartitionText {
  readonly openmetrics: Piece;
  text?: Piece;
}

/** A family as it was at one moment: gives its text in one piece, later. */
export type FamilySnapshot = (slices: Slices) => Promise<Fragment>;

/** The rendered text of one metric family, kept by partition, so that only what changed is rendered again. */
export class FamilyText {
  readonly #head: string;
  readonly #partitions = new Map<object, PartitionText>();
  /** The whole, until something changes: a second scraper gets what the first one got. */
  #joined: Partial<Record<MetricsFormat, Fragment>> = {};

  /** `head` has the `# HELP` and `# TYPE` lines of OpenMetrics. */
  constructor(head: string) {
    this.#head = head;
  }

  /** Replaces what the partition has of this family, by lines as OpenMetrics has them; empty: nothing. */
  put(partition: object, lines: string): void {
    this.#joined = {};
    if (lines === '') this.#partitions.delete(partition);
    else this.#partitions.set(partition, { openmetrics: pieceOf(lines) });
  }

  delete(partition: object): void {
    if (this.#partitions.delete(partition)) this.#joined = {};
  }

  snapshot(format: MetricsFormat): FamilySnapshot {
    const memo = this.#joined;
    const ready = memo[format];
    if (ready !== undefined) return async () => ready;
    const partitions = [...this.#partitions.values()];
    return async (slices) => {
      const pieces: Piece[] = [format === 'text' ? textHead(this.#head) : this.#head];
      for (const partition of partitions) {
        pieces.push(format === 'text' ? textPieceOf(partition) : partition.openmetrics);
        await slices();
      }
      // Into the record of that moment: what came after it has a record of its own.
      const joined = joinPieces(pieces);
      memo[format] = joined;
      return joined;
    };
  }
}

function textPieceOf(partition: PartitionText): Piece {
  if (partition.text === undefined) {
    const open = textOf(partition.openmetrics);
    const text = textLines(open);
    partition.text = text === open ? partition.openmetrics : pieceOf(text);
  }
  return partition.text;
}
