import { codeOf } from '../../network/errors.ts';
import { type BootMoment, bootMoment } from './boot-clock.ts';
import type { LedgerEntry, LedgerRecord } from './ledger-entry.ts';
import { LedgerFile } from './ledger-file.ts';
import { LedgerInUse } from './ledger-lock.ts';

export interface LedgerStatus {
  readonly file: string | undefined;
  /** What keeps the file from being written now; undefined: nothing. */
  readonly problem: string | undefined;
  readonly inUse: boolean;
  readonly failedWrites: number;
  readonly skippedLines: number;
  /** Entries dropped because there were too many. */
  readonly droppedEntries: number;
}

/** A registry that never deletes and gets a fresh digest each run must not make the file grow without end. */
const maxEntries = 10_000;
/** After a failure the file is left alone for so long: a full disk does not empty between two requests. */
const retryFileMs = 5_000;
const minLinesToCompact = 500;

/** The entries in memory and, as far as it can be written, in the file. */
export class LedgerStore {
  readonly entries = new Map<string, LedgerEntry>();
  readonly #moment: () => BootMoment;
  #fileName: string | undefined;
  readonly #now: () => number;
  #onProblem: (problem: string | undefined) => void = () => {};
  #file: LedgerFile | undefined;
  /** The file lacks records that memory has. */
  #behind = false;
  #failedAt = Number.NEGATIVE_INFINITY;
  #compacting = false;
  #closed = false;
  #status = {
    problem: undefined as string | undefined,
    inUse: false,
    failedWrites: 0,
    skippedLines: 0,
    droppedEntries: 0,
  };

  constructor(now: () => number, moment = bootMoment) {
    this.#now = now;
    this.#moment = moment;
  }

  /** From now on in this file, too. Once; never throws. */
  openFile(file: string, onProblem: (problem: string | undefined) => void): void {
    this.#fileName = file;
    this.#onProblem = onProblem;
    this.#behind = this.entries.size > 0;
    this.#openFile();
  }

  get status(): LedgerStatus {
    return { ...this.#status, file: this.#fileName };
  }

  /** Age of an entry, in milliseconds of a clock that nobody sets; undefined: it was made before this start of the machine. */
  ageMs({ madeAt }: LedgerEntry): number | undefined {
    const { boot, ms } = this.#moment();
    return madeAt?.boot === boot ? ms - madeAt.ms : undefined;
  }

  put(unstamped: LedgerEntry): void {
    const madeAt = this.entries.get(unstamped.id)?.madeAt ?? unstamped.madeAt ?? this.#moment();
    const entry = { ...unstamped, madeAt };
    this.entries.set(entry.id, entry);
    this.#write({ entry });
    if (this.entries.size > maxEntries) this.#dropOne();
  }

  remove(id: string): void {
    if (this.entries.delete(id)) this.#write({ removed: id });
  }

  /** Rewrites the file when most of its lines are of the past. */
  compactIfWorthIt(): void {
    const file = this.#file;
    if (file !== undefined && file.lines > minLinesToCompact && file.lines > 4 * this.entries.size) this.#compact(file);
  }

  async close(): Promise<void> {
    this.#closed = true;
    // The last chance for what could not be written so far: a disk that was full may have room by now.
    if (this.#file === undefined && this.#behind) this.#openFile();
    const file = this.#file;
    if (file === undefined) return;
    if (this.#behind) await file.compact(this.entries.values()).catch(() => {});
    this.#file = undefined;
    await file.close();
  }

  /** Of unknown ones first, then the oldest: a Map iterates in the order of insertion. */
  #dropOne(): void {
    const all = [...this.entries.values()];
    const victim = all.find(({ state }) => state === 'opening') ?? all[0];
    if (victim === undefined) return;
    this.#status.droppedEntries += 1;
    this.remove(victim.id);
  }

  #openFile(): void {
    if (this.#fileName === undefined) return;
    try {
      const file = new LedgerFile(this.#fileName);
      this.#file = file;
      const loaded = file.load();
      this.#status.skippedLines += loaded.skippedLines;
      for (const [id, entry] of loaded.entries) if (!this.entries.has(id)) this.entries.set(id, entry);
      // Lines that say nothing go, too.
      if (loaded.skippedLines > 0 || this.#behind) this.#compact(file);
      else this.compactIfWorthIt();
    } catch (error) {
      this.#failed(error);
    }
  }

  #write(record: LedgerRecord): void {
    if (this.#fileName === undefined || this.#closed) return;
    if (this.#behind || this.#file === undefined) {
      this.#catchUp();
      return;
    }
    try {
      this.#file.append(record);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The file missed something: everything is written anew, once in a while. */
  #catchUp(): void {
    this.#status.failedWrites += 1;
    if (Math.abs(this.#now() - this.#failedAt) < retryFileMs) return;
    if (this.#file === undefined) this.#openFile();
    else this.#compact(this.#file);
  }

  #compact(file: LedgerFile): void {
    if (this.#compacting) return;
    this.#compacting = true;
    const wasBehind = this.#behind;
    // Whatever is written from here on is appended by the file itself.
    this.#behind = false;
    file.compact(this.entries.values()).then(
      () => {
        this.#compacting = false;
        if (!this.#behind) this.#recovered();
      },
      (error: unknown) => {
        this.#compacting = false;
        const isBehind = wasBehind || this.#behind;
        this.#failed(error);
        // The old file goes on; it lacks nothing, it is only long.
        this.#behind = isBehind;
      },
    );
  }

  #failed(error: unknown): void {
    this.#behind = true;
    this.#failedAt = this.#now();
    this.#status.failedWrites += 1;
    this.#status.inUse = error instanceof LedgerInUse;
    const problem = sentence(error);
    if (problem !== this.#status.problem) this.#onProblem(problem);
    this.#status.problem = problem;
  }

  #recovered(): void {
    if (this.#status.problem === undefined) return;
    this.#status.problem = undefined;
    this.#status.inUse = false;
    this.#onProblem(undefined);
  }
}

function sentence(error: unknown): string {
  if (error instanceof LedgerInUse) return error.message;
  const code = codeOf(error);
  return `the ledger cannot be written (${code}); what runs leave behind is remembered until this process ends`;
}
