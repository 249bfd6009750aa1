import { formatBytes } from '../../probe/byte-words.ts';
import { adviseRoutes, type RoutingAdvice } from '../../probe/diagnose/routing.ts';
import { listed } from '../../probe/compare/verdict-words.ts';
import { type ReportData, runsOf } from './report-data.ts';

/** `docker: ≤ 95 MiB: any path; above: internal, bypass (tried up to 150 MiB)`, one sentence for clients that share a rule. */
export function routingWords(data: ReportData): string[] {
  return adviseRoutes(runsOf(data), data.limits).map((advice) => wordsOf(advice, data.paths.length));
}

function wordsOf(
  { clients, bands, neverPaths, unsteadyPaths, triedUpToBytes }: RoutingAdvice,
  pathCount: number,
): string {
  const tried = ` (tried up to ${formatBytes(triedUpToBytes)})`;
  const unsteady = unsteadyPaths.length === 0 ? '' : `; only at times: ${unsteadyPaths.join(', ')}`;
  if (bands.length === 0) {
    const nothing = unsteadyPaths.length === 0 ? 'nothing gets through over any path' : 'over no path reliably';
    return `${listed(clients)}: ${nothing}${unsteady}${tried}`;
  }
  const rules = bands.map(({ upToBytes, paths }, index) => {
    const over = paths.length === pathCount ? 'any path' : paths.join(', ');
    const open = upToBytes === undefined || index === bands.length - 1 ? upToBytes === undefined : false;
    if (open) return index === 0 ? `any size: ${over}` : `above: ${over}`;
    return `≤ ${formatBytes(upToBytes ?? 0)}: ${over}`;
  });
  const last = bands.at(-1)?.upToBytes;
  const end = last === undefined ? '' : '; above: no path';
  const never = neverPaths.length === 0 ? '' : `; never: ${neverPaths.join(', ')}`;
  return `${listed(clients)}: ${rules.join('; ')}${end}${unsteady}${never}${tried}`;
}
