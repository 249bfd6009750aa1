import { formatBytes } from '../../probe/byte-words.ts';
import type { Failure } from '../../probe/failure.ts';
import { reasonTable } from '../../probe/judge/reason-table.ts';
import { pullRounds, type Run } from '../../probe/outcome.ts';
import { formatRate } from '../format.ts';
import { boundWords } from '../limit-words.ts';
import type { Block, Cell } from './document.ts';
import { type ReportData, runsOf, runsOver, sizeOf } from './report-data.ts';

/** What was measured, side by side: one column a path. */
export function comparisonTable(data: ReportData): Block {
  const sizes = [...new Set(runsOf(data).map(sizeOf))].sort((a, b) => a - b);
  const rows = [
    ...sizes.map((size) => row(`Push of ${formatBytes(size)}`, data, (path) => pushCell(data, path, size))),
    row('Login', data, (path) => loginCell(data, path)),
    row('Push speed', data, (path) => speedCell(runsOver(data, path), (run) => run.pushBytesPerSecond)),
    row('Pull speed', data, (path) => pullCell(runsOver(data, path))),
    row('Reliability', data, (path) => reliabilityCell(runsOver(data, path))),
    row('Size limit', data, (path) => limitCell(data, path, 'bytes')),
    row('Time limit', data, (path) => limitCell(data, path, 'seconds')),
  ];
  const head = ['Measured', ...data.paths.map(({ name }) => name)];
  return data.paths.length > mostColumns ? turned(head, rows) : { kind: 'table', head, rows };
}

/** More paths than this do not fit side by side: then each is a row. */
const mostColumns = 6;

function turned(head: readonly string[], rows: readonly Cell[][]): Block {
  const titles = rows.map(([first]) => (typeof first?.text === 'string' ? first.text : ''));
  const byPath = head
    .slice(1)
    .map((path, index) => [{ text: path }, ...rows.map((cells) => cells[index + 1] ?? notMeasured)]);
  return { kind: 'table', head: ['Path', ...titles], rows: byPath };
}

const notMeasured: Cell = { text: 'not measured', state: 'unknown' };

function row(title: string, { paths }: ReportData, cell: (path: string) => Cell): Cell[] {
  return [{ text: title }, ...paths.map(({ name }) => cell(name))];
}

function pushCell(data: ReportData, path: string, size: number): Cell {
  const runs = runsOver(data, path).filter((run) => sizeOf(run) === size);
  if (runs.length === 0) return notMeasured;
  const failed = runs.filter(({ ok }) => !ok);
  if (failed.length === 0) return { text: 'works', state: 'ok' };
  const reasons = [...new Set(failed.map(({ failure }) => reasonWords(failure)))].map((words) => {
    const alike = failed.filter(({ failure }) => reasonWords(failure) === words);
    const clients = [...new Set(alike.map(({ check }) => check.client.name))];
    return `${clients.join(', ')}: ${words}${alike.length === 1 ? '' : ` ×${alike.length}`}`;
  });
  const how = failed.length === runs.length ? 'fails' : 'fails in part';
  return { text: { marked: `${how}; ${reasons.join('; ')}` }, state: 'failed' };
}

/** ``the body is refused for its size (`body_too_large`)``. */
function reasonWords(failure: Failure | undefined): string {
  return failure === undefined ? 'failed' : `${reasonTable[failure.reason].title} (\`${failure.reason}\`)`;
}

function loginCell({ apis }: ReportData, path: string): Cell {
  const state = apis.find((api) => api.path === path)?.endpoints.auth;
  if (state === undefined) return notMeasured;
  return state.up
    ? { text: 'works', state: 'ok' }
    : { text: { marked: `fails: ${reasonWords(state.failure)}` }, state: 'failed' };
}

/** The median over successful runs of the largest size that has any: small bodies measure the round trip. */
function speedText(runs: readonly Run[], rateOf: (run: Run) => number | undefined): string | undefined {
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

function speedCell(runs: readonly Run[], rateOf: (run: Run) => number | undefined): Cell {
  const text = speedText(runs, rateOf);
  return text === undefined ? notMeasured : { text };
}

/** The cold pull; then, where there is one, the warm pull, and what caches said of both. */
function pullCell(runs: readonly Run[]): Cell {
  const cold = speedText(runs, (run) => run.pullBytesPerSecond);
  const warm = speedText(runs, (run) => run.pulls?.warm?.bytesPerSecond);
  if (cold === undefined) return notMeasured;
  if (warm === undefined) return { text: cold };
  const said = pullRounds.flatMap((round) => {
    const words = [...new Set(runs.flatMap(({ pulls }) => pulls?.[round]?.cache ?? []))];
    return words.length === 0 ? [] : [`cache ${round}: ${words.join(', ')}`];
  });
  return { text: [`${cold}; warm ${warm}`, ...said].join('; ') };
}

function reliabilityCell(runs: readonly Run[]): Cell {
  if (runs.length === 0) return notMeasured;
  const good = runs.filter(({ ok }) => ok);
  const retried = good.filter(({ attempts }) => attempts.some(({ number }) => number > 1)).length;
  const note = retried === 0 ? '' : `, ${retried} only after retries`;
  return {
    text: `${good.length} of ${runs.length} pushes${note}`,
    state: good.length === runs.length ? 'ok' : 'failed',
  };
}

function limitCell(data: ReportData, path: string, unit: 'bytes' | 'seconds'): Cell {
  const { limits } = data;
  const found = limits.filter((one) => one.path === path && one.unit === unit);
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
