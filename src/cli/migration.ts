import type { FoundPath, HopLimit } from '../kubernetes/found-path.ts';
import { type LimitKind, limitKinds } from '../kubernetes/limit-kind.ts';
import type { Known } from '../probe/advise/known.ts';
import { formatBytes } from '../probe/byte-words.ts';
import { limitNoun, valueWords } from './paths-text.ts';

/** The same host over an Ingress and over a Gateway. */
export interface Move {
  readonly old: FoundPath;
  readonly now: FoundPath;
}

/** What a row says of the move. A new limit is narrower when less gets through than before. */
type Change = 'narrower' | 'wider' | 'same' | 'not known' | '';

interface MoveRow {
  readonly what: string;
  readonly old: string;
  readonly now: string;
  readonly change: Change;
}

const isOld = ({ source }: FoundPath): boolean => /^Ingress(?:Route)? /.test(source);
const isNew = ({ source }: FoundPath): boolean => source.startsWith('HTTPRoute ');

/** Each path of an Ingress beside each of an HTTPRoute for the same host. `before`: where the old ones are looked for. Pure. */
export function movesOf(before: readonly FoundPath[], now: readonly FoundPath[]): Move[] {
  return before
    .filter(isOld)
    .flatMap((old) =>
      now.filter((one) => isNew(one) && one.path.origin === old.path.origin).map((one) => ({ old, now: one })),
    );
}

/** What changes for pushes: where they go, each limit, and what a daemon has measured of both. Pure. */
export function moveRows({ old, now }: Move, known: readonly Known[]): MoveRow[] {
  const plain = (what: string, of: (one: FoundPath) => string): MoveRow => ({
    what,
    old: of(old),
    now: of(now),
    change: '',
  });
  return [
    plain('Made by', ({ source }) => source),
    plain('Served by', ({ hop }) => hop ?? 'not known'),
    plain('Address', ({ path }) => path.connectTo?.host ?? 'where DNS leads'),
    ...limitKinds.flatMap((kind) => limitRow(kind, old, now)),
    ...measuredRows(old.path.name, now.path.name, known),
  ];
}

function limitRow(kind: LimitKind, old: FoundPath, now: FoundPath): MoveRow[] {
  const [before, after] = [old, now].map(({ limits }) => limits.find((one) => one.kind === kind));
  if (before === undefined && after === undefined) return [];
  return [{ what: limitNoun(kind), old: cell(before), now: cell(after), change: changeOf(kind, before, after) }];
}

function cell(limit: HopLimit | undefined): string {
  return limit === undefined ? 'not known' : `${valueWords(limit)}${limit.isDefault ? ' (default)' : ''}`;
}

/** A hop that collects bodies lets less through: its disk and the registry's silence meanwhile count. */
function changeOf(kind: LimitKind, old: HopLimit | undefined, now: HopLimit | undefined): Change {
  if (old?.value === undefined || now?.value === undefined) return 'not known';
  if (old.value === now.value) return 'same';
  const isLess = now.value < old.value;
  return isLess === (kind !== 'collects') ? 'narrower' : 'wider';
}

function measuredRows(old: string, now: string, known: readonly Known[]): MoveRow[] {
  const rows: readonly (readonly [string, (place: Known) => number | undefined, (number: number) => string])[] = [
    ['Largest that got through', ({ limits }) => sizes(limits).largestAccepted, formatBytes],
    ['Smallest that was refused', ({ limits }) => sizes(limits).smallestRejected, formatBytes],
    ['Rate of pushes', ({ bytesPerSecond }) => bytesPerSecond, (rate) => `${formatBytes(rate)}/s`],
  ];
  return rows.flatMap(([what, of, words]) => {
    const [before, after] = [old, now].map((name) => {
      const found = known.filter(({ path }) => path === name).flatMap((place) => of(place) ?? []);
      return found[0] === undefined ? 'not measured' : words(found[0]);
    });
    const isNone = before === 'not measured' && after === 'not measured';
    return isNone || before === undefined || after === undefined
      ? []
      : [{ what, old: before, now: after, change: '' as const }];
  });
}

function sizes(limits: Known['limits']): Partial<Known['limits'][number]> {
  return limits.find(({ unit }) => unit === 'bytes') ?? {};
}

/** One Markdown table for each move. */
export function moveText(moves: readonly Move[], known: readonly Known[]): string {
  return moves
    .map(({ old, now }) => {
      const rows = moveRows({ old, now }, known).map((row) => line(row.what, row.old, row.now, row.change));
      const head = `## ${old.path.origin}: from ${old.path.name} to ${now.path.name}\n\n`;
      return `${head}${line('', 'old', 'new', 'change')}|---|---|---|---|\n${rows.join('')}`;
    })
    .join('\n');
}

function line(...cells: readonly string[]): string {
  return `| ${cells.map((one) => one.replaceAll(/[|\p{Cc}]+/gu, ' ')).join(' | ')} |\n`;
}
