import type { NetworkPath } from '../../network/path.ts';
import type { Conformance, ConformanceRound } from './conformance.ts';
import { differs } from './conformity.ts';
import type { ExamineDeps, ExamineOptions } from './examine-options.ts';
import type { TrialLog } from './trial-log.ts';

/** Bound on one round. */
const roundMs = 30_000;
const what = 'behaviours of the specification';

/**
 * One round over the path and one over the direct one; where they differ, both once more. Undefined: not asked for, or without sense,
 * because no push got through. Never rejects.
 */
export async function conformanceRounds(
  { conformance = false, check, direct, signal, onStep }: ExamineOptions,
  { tryConformance }: Pick<ExamineDeps, 'tryConformance'>,
  log: Pick<TrialLog, 'trials' | 'leftOut' | 'leftMs' | 'hasTimeFor'>,
): Promise<Conformance | undefined> {
  if (!conformance || tryConformance === undefined) return undefined;
  if (!log.trials.some(({ run }) => run.ok)) {
    log.leftOut.push(`${what}: no push got through`);
    return undefined;
  }
  if (direct === undefined)
    log.leftOut.push(`whether a hop takes away ${what}: there is no direct path to compare with`);
  const rounds: { subject: ConformanceRound[]; direct: ConformanceRound[] } = { subject: [], direct: [] };
  const tryOver = async (side: keyof typeof rounds, path: NetworkPath): Promise<void> => {
    if (!log.hasTimeFor(`${what} over ${path.name}`)) return;
    onStep?.(`${what} over ${path.name}`);
    const timeoutMs = Math.ceil(Math.min(roundMs, log.leftMs));
    rounds[side].push(await tryConformance({ ...check, path }, { timeoutMs, signal }));
  };
  const tryBoth = async (): Promise<void> => {
    await tryOver('subject', check.path);
    if (direct !== undefined) await tryOver('direct', direct);
  };
  await tryBoth();
  if (differs(rounds)) await tryBoth();
  return rounds.subject.length === 0 ? undefined : rounds;
}
