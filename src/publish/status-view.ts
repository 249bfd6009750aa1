import type { Check } from '../probe/check.ts';
import type { History } from './history.ts';
import { type CheckState, type CheckStatus, type RegistryStatus, statusOf } from './status.ts';

/** Cells of all matrices up to which they are shown whole: with its two sparklines each has some 2 KiB. */
const cellsOfWhole = 160;
/** Cells of a block of one registry. */
const cellsOfBlock = 120;
const columnsOnPage = 40;
const registriesOnPage = 100;
const troublesOnPage = 50;

/** Which part of a list is shown: places `from` to `to` of `total`, the first being 1. */
export interface Part {
  readonly from: number;
  readonly to: number;
  readonly total: number;
}

/** `page` is from 1 to `pages`. */
export interface Paging {
  readonly page: number;
  readonly pages: number;
}

/** Number of checks in each state. */
type StateCounts = Readonly<Record<CheckState, number>>;

/** All checks of all registries, when there are few enough for one page. */
interface WholeView {
  readonly kind: 'whole';
  readonly registries: readonly RegistryStatus[];
}

/** One line a registry, those with the most trouble first, and the checks that are not as they should be. */
export interface OverviewView extends Paging {
  readonly kind: 'overview';
  readonly checkCount: number;
  readonly registries: readonly (Pick<RegistryStatus, 'name' | 'summary'> & { readonly counts: StateCounts })[];
  readonly shown: Part;
  /** Failed, without a recent result, or good after retries only; the worst first, no more than fit. */
  readonly troubles: readonly CheckStatus[];
  readonly troubleCount: number;
}

/** A block of the matrix of one registry. When it does not fit on one page, paths and columns with the most trouble come first. */
export interface RegistryView extends Paging {
  readonly kind: 'registry';
  readonly registry: RegistryStatus;
  readonly checkCount: number;
  readonly paths: Part;
  readonly columns: Part;
}

export type StatusView = WholeView | OverviewView | RegistryView;

/** What the reader asks for. A page beyond the last is the last. */
interface StatusQuestion {
  readonly registry?: string | undefined;
  readonly page: number;
}

/** What the status page shows, bounded however many checks there are; undefined: no check is about this registry. */
export function statusView(
  checks: readonly Check[],
  history: History,
  now: Date,
  { registry, page }: StatusQuestion,
): StatusView | undefined {
  const wanted = registry === undefined ? checks : checks.filter((check) => check.registry.name === registry);
  const states = statusOf(wanted, history, now, 0);
  const [first] = states;
  if (registry !== undefined) return first && registryView(first, wanted, history, now, page);
  const cells = states.reduce((sum, { paths, columns }) => sum + paths.length * columns.length, 0);
  return cells <= cellsOfWhole
    ? { kind: 'whole', registries: statusOf(checks, history, now) }
    : overview(states, checks.length, page);
}

function overview(states: readonly RegistryStatus[], checkCount: number, page: number): OverviewView {
  const lines = states
    .map(({ name, summary, checks }) => ({ name, summary, counts: countStates(checks) }))
    .toSorted((a, b) => byTrouble(a.counts, b.counts));
  const troubles = states.flatMap(({ checks }) => checks).filter(({ state }) => troubled.includes(state));
  const paging = pagingOf(lines.length, registriesOnPage, page);
  const shown = partOf(lines.length, registriesOnPage, paging.page);
  return {
    kind: 'overview',
    checkCount,
    registries: lines.slice(shown.from - 1, shown.to),
    shown,
    ...paging,
    troubles: troubles
      .toSorted((a, b) => severity.indexOf(a.state) - severity.indexOf(b.state))
      .slice(0, troublesOnPage),
    troubleCount: troubles.length,
  };
}

function registryView(
  { name, paths, columns, checks: states, ...rest }: RegistryStatus,
  checks: readonly Check[],
  history: History,
  now: Date,
  page: number,
): RegistryView {
  const across = Math.min(columns.length, columnsOnPage);
  const down = Math.max(1, Math.floor(cellsOfBlock / across));
  const isWhole = paths.length <= down && columns.length <= across;
  const sortedPaths = isWhole ? paths : worstFirst(paths, states, (state) => state.path, String);
  const sortedColumns = isWhole ? columns : worstFirst(columns, states, columnOf, columnOf);
  const blocksAcross = Math.ceil(columns.length / across);
  const paging = pagingOf(Math.ceil(paths.length / down) * blocksAcross, 1, page);
  const block = paging.page - 1;
  const pathPart = partOf(paths.length, down, Math.floor(block / blocksAcross) + 1);
  const columnPart = partOf(columns.length, across, (block % blocksAcross) + 1);
  const shownPaths = sortedPaths.slice(pathPart.from - 1, pathPart.to);
  const shownColumns = sortedColumns.slice(columnPart.from - 1, columnPart.to);
  const [pathNames, columnNames] = [new Set(shownPaths), new Set(shownColumns.map(columnOf))];
  const shown = checks.filter(
    (check) =>
      pathNames.has(check.path.name) &&
      columnNames.has(columnOf({ client: check.client.name, workload: check.workload.name })),
  );
  const [part] = statusOf(shown, history, now);
  return {
    kind: 'registry',
    registry: { ...rest, name, paths: shownPaths, columns: shownColumns, checks: part?.checks ?? [] },
    checkCount: states.length,
    ...paging,
    paths: pathPart,
    columns: columnPart,
  };
}

const severity: readonly CheckState[] = ['failed', 'stale', 'unknown', 'retried', 'ok'];
const troubled: readonly CheckState[] = ['failed', 'stale', 'retried'];

/** How many of these checks are in which state. */
function countStates(checks: readonly CheckStatus[]): StateCounts {
  const counts = { ok: 0, retried: 0, failed: 0, stale: 0, unknown: 0 };
  for (const { state } of checks) counts[state] += 1;
  return counts;
}

function byTrouble(a: StateCounts, b: StateCounts): number {
  const state = severity.find((one) => one !== 'ok' && a[one] !== b[one]);
  return state === undefined ? 0 : b[state] - a[state];
}

function worstFirst<T>(
  items: readonly T[],
  states: readonly CheckStatus[],
  groupOf: (state: CheckStatus) => string,
  keyOf: (item: T) => string,
): T[] {
  const groups = new Map<string, CheckStatus[]>(items.map((item) => [keyOf(item), []]));
  states.forEach((state) => groups.get(groupOf(state))?.push(state));
  const counts = new Map([...groups].map(([key, group]) => [key, countStates(group)]));
  const none = countStates([]);
  return items.toSorted((a, b) => byTrouble(counts.get(keyOf(a)) ?? none, counts.get(keyOf(b)) ?? none));
}

function columnOf({ client, workload }: { readonly client: string; readonly workload: string }): string {
  return JSON.stringify([workload, client]);
}

function pagingOf(total: number, perPage: number, page: number): Paging {
  const pages = Math.max(1, Math.ceil(total / perPage));
  return { page: Math.min(Math.max(1, page), pages), pages };
}

function partOf(total: number, perPage: number, page: number): Part {
  return { from: Math.min(total, (page - 1) * perPage + 1), to: Math.min(total, page * perPage), total };
}
