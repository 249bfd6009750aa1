import { isObject, parseJson } from '../../registry/json.ts';
import { repositoryPattern } from '../../registry/target.ts';
import type { BootMoment } from './boot-clock.ts';
import { type LeftoverKind, leftoverKinds } from '../outcome.ts';
import { parseUrl, type WrittenUrl } from '../../network/parse-url.ts';

/**
 * What is known of one object. An upload session: `opening` (a POST is on its way or its answer got lost: no Location, so
 * nothing to cancel), `open`, `disowned` (the registry refuses the Location it gave, though the bytes may still be there).
 * A blob or manifest: `committing` (asked for, not confirmed), `stored`, `undeletable` (the registry has deletion switched off).
 */
export const ledgerStates = ['opening', 'open', 'disowned', 'committing', 'stored', 'undeletable'] as const;
type LedgerState = (typeof ledgerStates)[number];

/** One object that a run has, or may have, put on a registry. Times are milliseconds since the epoch. */
export interface LedgerEntry {
  readonly id: string;
  readonly kind: LeftoverKind;
  readonly state: LedgerState;
  readonly registry: string;
  readonly repository: string;
  /** Name and origin of the path it was made over. */
  readonly path: string;
  readonly origin: string;
  readonly createdAt: number;
  /** The same moment on a clock that is never set; absent in what earlier versions wrote. */
  readonly madeAt?: BootMoment;
  /** Where a session is; as good as a credential (distribution's `_state`), so it is written to the file and shown nowhere. */
  readonly location?: string;
  /** The server put our credentials into its Location: then the file, which outlives the run, does not get it. */
  readonly repeatsSecrets?: boolean;
  readonly digest?: string;
  /** Commits of this digest that nobody confirmed or refused: each may still make it appear, also after it was deleted. */
  readonly doubts?: number;
  /** Removals tried in vain, and when the next one is due. */
  readonly tries: number;
  readonly nextTryAt: number;
}

/** Where the session is that the last upload left open; undefined: none is open, or its place is not known. */
export function sessionLeftOpen(entries: readonly LedgerEntry[]): WrittenUrl | undefined {
  const session = entries.findLast(({ kind, state }) => kind === 'session' && state === 'open');
  return parseUrl(session?.location ?? '');
}

/** What a line of the file says: an entry as it is from now on, or that it is gone. */
export type LedgerRecord = { readonly entry: LedgerEntry } | { readonly removed: string };

/** One line, with its newline. */
export function encodeRecord(record: LedgerRecord): string {
  return `${JSON.stringify('entry' in record ? written(record.entry) : { removed: record.removed })}\n`;
}

function written({ repeatsSecrets, ...entry }: LedgerEntry): LedgerEntry {
  if (repeatsSecrets !== true) return entry;
  const { location: _unwritten, ...rest } = entry;
  return { ...rest, state: 'opening' };
}

/** Longer lines are not ours: a Location of several kilobytes exists, one of 32 does not. */
const maxLineChars = 32 * 1024;
const idPattern = /^[\w-]{1,64}$/;
const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/**
 * Reads a line back. undefined for anything that is not a whole, well-formed record: the file may be torn or tampered with, and
 * what it says is sent to registries with credentials. Total: no text makes it throw.
 */
export function decodeRecord(line: string): LedgerRecord | undefined {
  if (line.length > maxLineChars) return undefined;
  const parsed = parseJson(line);
  if (!isObject(parsed)) return undefined;
  const fields = new Map<string, unknown>(Object.entries(parsed));
  const removed = textOf(fields, 'removed', idPattern);
  if (removed !== undefined) return { removed };
  const entry = entryOf(fields);
  return entry === undefined ? undefined : { entry };
}

function entryOf(fields: ReadonlyMap<string, unknown>): LedgerEntry | undefined {
  const id = textOf(fields, 'id', idPattern);
  const kind = leftoverKinds.find((one) => one === fields.get('kind'));
  const state = ledgerStates.find((one) => one === fields.get('state'));
  const registry = textOf(fields, 'registry', /^.{1,256}$/);
  const repository = textOf(fields, 'repository', repositoryPattern);
  const path = textOf(fields, 'path', /^.{1,256}$/);
  const origin = textOf(fields, 'origin', /^https?:\/\/[^/?#@]+$/);
  const times = ['createdAt', 'tries', 'nextTryAt'].map((name) => fields.get(name));
  const [createdAt, tries, nextTryAt] = times.map((value) => (isCount(value) ? value : undefined));
  const names = { id, kind, state, registry, repository, path, origin, createdAt, tries, nextTryAt };
  const location = textOf(fields, 'location', /^https?:\/\//);
  const digest = textOf(fields, 'digest', digestPattern);
  const doubts = fields.get('doubts');
  const madeAt = momentOf(fields.get('madeAt'));
  if (!isComplete(names) || !isConsistent(names, location, digest)) return undefined;
  return {
    ...names,
    madeAt,
    location,
    digest,
    doubts: isCount(doubts) ? doubts : undefined,
  };
}

function momentOf(value: unknown): BootMoment | undefined {
  if (!isObject(value)) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const boot = textOf(fields, 'boot', idPattern);
  const ms = fields.get('ms');
  return boot !== undefined && isCount(ms) ? { boot, ms } : undefined;
}

type Names = Omit<LedgerEntry, 'location' | 'digest' | 'doubts' | 'madeAt'>;

function isComplete(names: { readonly [K in keyof Names]: Names[K] | undefined }): names is Names {
  return Object.values(names).every((value) => value !== undefined);
}

function isConsistent({ kind, state }: Names, location: string | undefined, digest: string | undefined): boolean {
  if (kind !== 'session') return digest !== undefined && ['committing', 'stored', 'undeletable'].includes(state);
  return state === 'opening' || (['open', 'disowned'].includes(state) && isPlainUrl(location));
}

/** Without user and password: those would be sent. */
function isPlainUrl(text: string | undefined): boolean {
  const url = text === undefined ? undefined : parseUrl(text);
  return url?.username === '' && url.password === '';
}

function textOf(fields: ReadonlyMap<string, unknown>, name: string, pattern: RegExp): string | undefined {
  const value = fields.get(name);
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
