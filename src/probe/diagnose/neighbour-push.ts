import { formatBytes } from '../byte-words.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { type ExamineDeps, type ExamineOptions, neighbourLeastBytes } from './examine-options.ts';
import type { NeighbourSeen, Trial } from './trial.ts';

/** Of the time left, as many times the same push took. */
const timeFactor = 2;

/**
 * The push that got through, once more, and beside it GET /v2/ a few times a second. It comes after everything else and is no trial: a hop
 * that counts requests or connections may refuse what comes twice at once. Undefined: nothing of that size got through, or there is no time.
 */
export async function pushBesideNeighbour(
  { signal, onProgress, onStep }: ExamineOptions,
  { run }: Pick<ExamineDeps, 'run'>,
  { trials, leftMs }: { readonly trials: readonly Trial[]; readonly leftMs: number },
): Promise<NeighbourSeen | undefined> {
  const passed = trials.find(
    (trial) => trial.kind === 'full' && trial.run.ok && trial.sizeBytes >= neighbourLeastBytes,
  );
  if (passed === undefined || signal.aborted || leftMs < timeFactor * passed.run.durationMs) return undefined;
  const { sizeBytes } = passed;
  onStep?.(`GET /v2/ beside a push of ${formatBytes(sizeBytes)}`);
  const check = {
    ...passed.run.check,
    asksNeighbour: true,
    timeoutMs: Math.min(passed.run.check.timeoutMs, Math.ceil(leftMs)),
  };
  const { neighbour: facts, sentBytes } = await run(check, { signal, onProgress });
  return { sizeBytes, sentBytes, facts };
}

/** One sentence, where something was seen. */
export function neighbourFactsOf(seen: NeighbourSeen | undefined): readonly string[] {
  if (seen?.facts === undefined) return [];
  const { idleMs, loadedMs, worstMs, asked, unanswered } = seen.facts;
  const worst = worstMs === undefined ? '' : `, ${formatDuration(worstMs)} at worst`;
  const lost = unanswered === 0 ? '' : `; ${unanswered} of ${asked} had no answer`;
  const size = formatBytes(seen.sizeBytes);
  return [
    loadedMs === undefined
      ? `GET /v2/ of somebody else had no answer beside a push of ${size}, and took ${formatDuration(idleMs)} before it`
      : `GET /v2/ of somebody else took ${formatDuration(loadedMs)} beside a push of ${size}, and ${formatDuration(idleMs)} before it${worst}${lost}`,
  ];
}
