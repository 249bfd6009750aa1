import { formatBytes } from '../../probe/byte-words.ts';
import type { Failure } from '../../probe/failure.ts';
import { groupBy } from '../../probe/group-by.ts';
import { reasonTable } from '../../probe/judge/reason-table.ts';
import type { Run } from '../../probe/outcome.ts';
import { formatRate } from '../format.ts';
import { boundWords } from '../limit-words.ts';
import type { Block } from './document.ts';
import { type ReportData, runsOf, runsOver, sizeOf } from './report-data.ts';

interface PlainCell {
  readonly text: string;
  readonly state?: 'ok' | 'failed' | 'unknown';
}

interface Column {
  readonly title: string;
  /** In the order of the paths. */
  readonly cells: readonly PlainCell[];
}

/** What was measured, a row a path. What is the same over several paths, and no failure, is a sentence below the table. */
export function comparisonBlocks(data: ReportData): Block[] {
  const columns = columnsOf(data);
  const alike = columns.filter(isAlike);
  const shown = columns.filter((column) => !alike.includes(column));
  const rows = data.paths.map(({ name }, row) => [
    { text: name },
    ...shown.map(({ cells }) => cells[row] ?? notMeasured),
  ]);
  const head = ['Path', ...shown.map(({ title }) => title)];
  const same = alike.map(({ title, cells }) => `${title}: ${cells[0]?.text}`).join('; ');
  return [
    ...(shown.length === 0 ? [] : [{ kind: 'table', head, rows } as const]),
    ...(same === '' ? [] : [{ kind: 'paragraph', text: `The same over every path. ${same}.` } as const]),
  ];
}

function isAlike({ cells }: Column): boolean {
  const texts = new Set(cells.map(({ text }) => text));
  return cells.length > 1 && texts.size === 1 && cells[0]?.state !== 'failed';
}

const notMeasured: PlainCell = { text: 'not measured', state: 'unknown' };

function columnsOf(data: ReportData): Column[] {
  const column = (title: string, cellOf: (path: string) => PlainCell): Column => ({
    title,
    cells: data.paths.map(({ name }) => cellOf(name)),
  });
  const sizes = [...new Set(runsOf(data).map(sizeOf))].sort((a, b) => a - b);
  return [
    ...sizes.map((size) => column(`Push of ${formatBytes(size)}`, (path) => pushCell(data, path, size))),
    column('Got through', (path) => reliabilityCell(runsOver(data, path))),
    column('Size limit', (path) => limitCell(data, path, 'bytes')),
    column('Time limit', (path) => limitCell(data, path, 'seconds')),
    column('Push speed', (path) => speedCell(runsOver(data, path), (run) => run.pushBytesPerSecond)),
    column('Pull speed', (path) => speedCell(runsOver(data, path), (run) => run.pullBytesPerSecond)),
    column('Login', (path) => loginCell(data, path)),
  ];
}

function pushCell(data: ReportData, path: string, size: number): PlainCell {
  const runs = runsOver(data, path).filter((run) => sizeOf(run) === size);
  if (runs.length === 0) return notMeasured;
  const failed = runs.filter(({ ok }) => !ok);
  if (failed.length === 0) return { text: 'works', state: 'ok' };
  const clientsOf = (some: readonly Run[]): string =>
    [...new Set(some.map(({ check }) => check.client.name))].join(', ');
  const reasons = [...groupBy(failed, ({ failure }) => reasonWords(failure))].map(([words, alike]) =>
    clientsOf(alike) === clientsOf(runs) ? words : `${clientsOf(alike)}: ${words}`,
  );
  return {
    text: `${failed.length === runs.length ? 'fails' : 'fails in part'}: ${reasons.join('; ')}`,
    state: 'failed',
  };
}

/** `the body is refused for its size`. */
function reasonWords(failure: Failure | undefined): string {
  return failure === undefined ? 'failed' : reasonTable[failure.reason].title;
}

function loginCell({ apis }: ReportData, path: string): PlainCell {
  const state = apis.find((api) => api.path === path)?.endpoints.auth;
  if (state === undefined) return notMeasured;
  return state.up ? { text: 'works', state: 'ok' } : { text: `fails: ${reasonWords(state.failure)}`, state: 'failed' };
}

/** The median over successful runs of the largest size that has any: small bodies measure the round trip. */
export function speedText(runs: readonly Run[], rateOf: (run: Run) => number | undefined): string | undefined {
  const measured = runs.flatMap((run) => {
    const rate = rateOf(run);
    return rate === undefined ? [] : [{ size: sizeOf(run), rate }];
  });
  const largest = Math.max(0, ...measured.map(({ size }) => size));
  const rates = measured
    .filter(({ size }) => size === largest)
    .map((one) => one.rate)
    .sort((a, b) => a - b);
  const median = rates[Math.floor((rates.length - 1) / 2)];
  return median === undefined ? undefined : `${formatRate(median)} (${formatBytes(largest)})`;
}

function speedCell(runs: readonly Run[], rateOf: (run: Run) => number | undefined): PlainCell {
  const text = speedText(runs, rateOf);
  return text === undefined ? notMeasured : { text };
}

function reliabilityCell(runs: readonly Run[]): PlainCell {
  if (runs.length === 0) return notMeasured;
  const good = runs.filter(({ ok }) => ok);
  const retried = good.filter(({ attempts }) => attempts.some(({ number }) => number > 1)).length;
  const note = retried === 0 ? '' : `, ${retried} only after retries`;
  return { text: `${good.length} of ${runs.length}${note}`, state: good.length === runs.length ? 'ok' : 'failed' };
}

function limitCell(data: ReportData, path: string, unit: 'bytes' | 'seconds'): PlainCell {
  const { limits } = data;
  const found = limits.filter((one) => one.path === path && one.unit === unit && one.direction === 'push');
  const strictest = found
    .filter(({ conclusion }) => conclusion === 'found')
    .toSorted((a, b) => (a.smallestRejected ?? 0) - (b.smallestRejected ?? 0))[0];
  if (strictest !== undefined) {
    const { largestAccepted = 0, smallestRejected = 0 } = strictest;
    const accepted = largestAccepted === 0 ? '' : `${boundWords(largestAccepted, strictest)} accepted, `;
    return {
      text: `${accepted}${boundWords(smallestRejected, strictest)} ${accepted === '' ? 'refused' : 'not'}`,
      state: 'failed',
    };
  }
  const open = found.find(({ conclusion }) => conclusion === 'none-up-to');
  if (open?.largestAccepted !== undefined)
    return { text: `none up to ${boundWords(open.largestAccepted, open)}`, state: 'ok' };
  const runs = runsOver(data, path);
  if (found.length === 0 && unit === 'bytes' && runs.length > 0 && runs.every(({ ok }) => ok))
    return { text: `none up to ${formatBytes(Math.max(...runs.map(sizeOf)))}`, state: 'ok' };
  return found.length === 0 ? notMeasured : { text: 'inconclusive', state: 'unknown' };
}
