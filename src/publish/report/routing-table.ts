import { formatBytes } from '../../probe/byte-words.ts';
import { adviseRoutes, type RouteBand, type RoutingAdvice } from '../../probe/diagnose/routing.ts';
import { listed } from '../../probe/compare/verdict-words.ts';
import type { Block, Cell } from './document.ts';
import { type ReportData, runsOf } from './report-data.ts';

/** Which sizes go over which paths, a row a band; what was searched for, and what was only tried, stands beside it. */
export function routingTable(data: ReportData): Block[] {
  const rows = adviseRoutes(runsOf(data), data.limits).flatMap((advice) =>
    rowsOf(
      advice,
      data.paths.map(({ name }) => name),
    ),
  );
  return rows.length === 0 ? [] : [{ kind: 'table', head: ['Client', 'Size', 'Paths', 'Known by'], rows }];
}

function rowsOf(advice: RoutingAdvice, all: readonly string[]): Cell[][] {
  const { clients, bands, neverPaths, unsteadyPaths, triedUpToBytes } = advice;
  const client = listed(clients);
  const row = (size: string, paths: string, by: string, state?: Cell['state']): Cell[] => [
    { text: client },
    { text: size },
    { text: paths, state },
    { text: by },
  ];
  const tried = `pushes of up to ${formatBytes(triedUpToBytes)}`;
  const last = bands.at(-1)?.upToBytes;
  return [
    ...bands.map((band, index) => row(...sizeWords(band, bands[index - 1], tried, all))),
    ...(bands.length > 0 && last !== undefined ? [row(`above ${formatBytes(last)}`, 'none', tried, 'failed')] : []),
    ...(unsteadyPaths.length === 0
      ? []
      : [row('any', unsteadyPaths.join(', '), 'some pushes get through, others of the same size do not', 'unknown')]),
    ...(neverPaths.length === 0 ? [] : [row('any', `not ${neverPaths.join(', ')}`, 'no push got through', 'failed')]),
  ];
}

function sizeWords(
  { upToBytes, paths, failedBytes, isSearched }: RouteBand,
  before: RouteBand | undefined,
  tried: string,
  all: readonly string[],
): [size: string, paths: string, by: string] {
  const over = pathWords(paths, all);
  if (upToBytes === undefined) {
    const size = before?.upToBytes === undefined ? 'any' : `above ${formatBytes(before.upToBytes)}`;
    return [size, over, `${tried}; no limit is known`];
  }
  const end = failedBytes === undefined ? '' : `; ${formatBytes(failedBytes)} ${isSearched ? 'is refused' : 'fails'}`;
  const by = isSearched ? `searched${end}` : `only tried${end}, sizes between are not known`;
  return [`up to ${formatBytes(upToBytes)}`, over, by];
}

/** `any`; `any but alb` where that is the shorter list. */
function pathWords(paths: readonly string[], all: readonly string[]): string {
  const others = all.filter((name) => !paths.includes(name));
  if (others.length === 0) return 'any';
  return others.length < paths.length ? `any but ${others.join(', ')}` : paths.join(', ');
}
