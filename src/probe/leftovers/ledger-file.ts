import {
  closeSync,
  fchmodSync,
  fdatasync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFile,
  writeSync,
} from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { promisify } from 'node:util';
import { decodeRecord, encodeRecord, type LedgerEntry, type LedgerRecord } from './ledger-entry.ts';
import { takeLock } from './ledger-lock.ts';

/** What a file held when it was opened. */
interface LoadedLedger {
  readonly entries: ReadonlyMap<string, LedgerEntry>;
  /** Lines that are no records: torn by a crash or a full disk, or corrupt. */
  readonly skippedLines: number;
}

/** Ten thousand entries of a kilobyte are a sixth of it. What is longer was not written by us, and only its end is read. */
const maxReadBytes = 64 * 1024 * 1024;
const readAtOnceBytes = 1024 * 1024;

/** Data reaches the disk itself this long after it was written, at the latest. */
const syncDelayMs = 1_000;

/**
 * The ledger's file: one record a line, appended, mode 0600.
 *
 * A line is written with one synchronous write before the request that it announces, and not waited for on the disk: the
 * kernel has it, so it outlives this process however that ends, at the cost of microseconds within a timed run. An fsync there
 * would put the disk's milliseconds into every measurement. `fdatasync` follows within a second; only a power loss or kernel
 * crash can lose that second, and such a session is left to the registry's own purge.
 */
export class LedgerFile {
  readonly #name: string;
  readonly #lock: { release(): void };
  #fd: number;
  /** The last line in the file has no newline: it was torn. */
  #torn: boolean;
  #lines: number;
  #syncTimer: NodeJS.Timeout | undefined;
  /** Lines written while a compaction is under way, which the new file needs too. */
  #meanwhile: string[] | undefined;
  #compacting: Promise<void> = Promise.resolve();

  /**
   * Takes the lock and opens the file for appending; made if it is not there. Throws LedgerInUse, a file system error, or one with
   * the code `NOT_A_FILE` for a pipe, a device and the like, which could be read for ever.
   */
  constructor(name: string) {
    this.#name = name;
    this.#lock = takeLock(`${name}.lock`);
    try {
      this.#fd = openRegular(name);
      // It may have been made by hand, readable by others.
      fchmodSync(this.#fd, 0o600);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    this.#torn = !endsWithNewline(this.#fd);
    this.#lines = 0;
  }

  /** Lines in the file. */
  get lines(): number {
    return this.#lines;
  }

  load(): LoadedLedger {
    const entries = new Map<string, LedgerEntry>();
    let skippedLines = 0;
    for (const line of linesOf(this.#fd)) {
      if (line === '') continue;

      this.#lines += 1;
      const record = decodeRecord(line);
      if (record === undefined) skippedLines += 1;
      else if ('entry' in record) entries.set(record.entry.id, record.entry);
      else entries.delete(record.removed);
    }
    return { entries, skippedLines };
  }

  /** Throws what the file system throws (ENOSPC, EROFS …); what was written until then is a torn line, which is skipped later. */
  append(record: LedgerRecord): void {
    const line = encodeRecord(record);
    this.#write(line);
    this.#meanwhile?.push(line);
  }

  #write(text: string): void {
    const whole = this.#torn ? `\n${text}` : text;
    this.#torn = true;
    writeWhole(this.#fd, whole);
    this.#torn = false;
    this.#lines += 1;
    this.#syncSoon();
  }

  #syncSoon(): void {
    this.#syncTimer ??= setTimeout(() => this.#sync(), syncDelayMs).unref();
  }

  #sync(): void {
    this.#syncTimer = undefined;
    // A disk that fails here has been told the line; the next append reports it.
    fdatasync(this.#fd, () => {});
  }

  /**
   * Rewrites the file so that it holds these entries and what is appended meanwhile: to a temporary file that is on the disk
   * before it takes the old one's place. Rejects with the file system's error; the old file is then still in use.
   */
  compact(entries: Iterable<LedgerEntry>): Promise<void> {
    const lines = Array.from(entries, (entry) => encodeRecord({ entry }));
    this.#meanwhile = [];
    this.#compacting = this.#rewrite(lines).finally(() => (this.#meanwhile = undefined));
    return this.#compacting;
  }

  /** All that can fail comes before the old file loses its name: it then lacks nothing, and the new one neither. */
  async #rewrite(lines: readonly string[]): Promise<void> {
    const temporary = `${this.#name}.tmp`;
    rmSync(temporary, { force: true });
    const fd = openSync(temporary, 'ax', 0o600);
    let meanwhile: readonly string[];
    try {
      await promisify(writeFile)(fd, lines.join(''));
      await promisify(fdatasync)(fd);
      meanwhile = this.#meanwhile ?? [];
      writeWhole(fd, meanwhile.join(''));
      renameSync(temporary, this.#name);
    } catch (error) {
      closeSync(fd);
      rmSync(temporary, { force: true });
      throw error;
    }
    closeSync(this.#fd);
    this.#fd = fd;
    this.#torn = false;
    this.#lines = lines.length + meanwhile.length;
    this.#syncSoon();
  }

  async close(): Promise<void> {
    await this.#compacting.catch(() => {});
    clearTimeout(this.#syncTimer);
    await new Promise<void>((resolve) => fdatasync(this.#fd, () => resolve()));
    closeSync(this.#fd);
    this.#lock.release();
  }
}

/** Throws what the file system throws, ENOSPC also where it takes only a part. */
function writeWhole(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  if (writeSync(fd, bytes) < bytes.length)
    throw Object.assign(new Error('only a part of the line was written'), { code: 'ENOSPC' });
}

function openRegular(name: string): number {
  const fd = openSync(name, 'a+', 0o600);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw Object.assign(new Error(`${name} is no regular file`), { code: 'NOT_A_FILE' });
}

/** The lines of the last `maxReadBytes`, read piece by piece, so that no line takes more memory than two pieces. */
function* linesOf(fd: number): Generator<string> {
  const { size } = fstatSync(fd);
  const piece = Buffer.alloc(readAtOnceBytes);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for (let at = Math.max(0, size - maxReadBytes); at < size; at += piece.length) {
    const bytes = readSync(fd, piece, 0, piece.length, at);
    const lines = `${rest}${decoder.write(piece.subarray(0, bytes))}`.split('\n');
    // Longer than any record of ours: whatever else it holds, it is none.
    rest = (lines.pop() ?? '').slice(0, readAtOnceBytes);
    yield* lines;
  }
  yield rest;
}

function endsWithNewline(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size === 0 || (readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === 0x0a);
}
