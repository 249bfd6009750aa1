import type { Failure } from '../failure.ts';
import type { Attempt, Run } from '../outcome.ts';
import type { JudgedRun, JudgeRun, SeenInRound } from '../compare/judged-run.ts';
import { reasonTable } from '../judge/reason-table.ts';
import { aloneOn } from './contrast.ts';
import { provenByCuts } from './flips.ts';
import { explain } from './diagnose.ts';
import type { Finding } from './finding.ts';
import { pullCutsOf, sameShare, shortestClockMs } from '../judge/pull-cuts.ts';
import { areOnTwoPaths } from '../check.ts';

/** The cause of one failed run as far as it can be told without further tests; `others`: the last run of each check, to compare it with. */
export function findingFor(run: Run, others: readonly Run[] = []): Finding | undefined {
  const works = others.some((other) => other.ok && areOnTwoPaths(run.check, other.check));
  const seen: SeenInRound = { elsewhere: works ? 'ok' : 'none', kindsFailingAlike: [] };
  return findingAmong(run, seen, endedAfterMs(run, others));
}

/** Milliseconds after which the same hop ended another body, still under way, over this path: as long as this run lasted; undefined: none. */
function endedAfterMs({ check, failure }: Run, others: readonly Run[]): number | undefined {
  if (failure === undefined || failure.answeredBy === 'none') return undefined;
  const { registry, path } = check;
  return others
    .filter((other) => other.check.registry.name === registry.name && other.check.path.name === path.name)
    .flatMap((other) => other.failure ?? [])
    .filter(({ phase, answeredBy }) => phase === 'send' && answeredBy === failure.answeredBy)
    .filter(({ reason }) => reasonTable[reason].tells.time !== 'no')
    .map(({ elapsedMs }) => elapsedMs)
    .find((ms) => ms >= shortestClockMs && Math.abs(ms - failure.elapsedMs) <= sameShare * ms);
}

/** The same judgement for the verdict of a round. */
export const judgeRun: JudgeRun = (run, seen): JudgedRun | undefined => {
  const finding = findingAmong(run, seen);
  if (finding === undefined) return undefined;
  const { cause, hop, remedy, reference, confidence, title } = finding;
  return { cause, hop, remedy: `${confidence === 'open' ? `Perhaps ${title}: ` : ''}${remedy} See ${reference}` };
};

function findingAmong(run: Run, seen: SeenInRound, endedMs?: number): Finding | undefined {
  const { failure, check, attempts } = run;
  if (failure === undefined) return undefined;
  // The body was sent again after an answer that may have ended the session, as containerd does: that is no second trouble.
  const resent = attempts.some((attempt) => attempt.resends > 0 && attempt.failure?.reason === failure.reason);
  if (failure.reason === 'session_lost' && resent) return undefined;
  const { elsewhere, kindsFailingAlike } = seen;
  const anonymous = check.registry.credentials.kind === 'anonymous';
  const lastTry = { ...run, attempts: sinceLastTry(run, failure) };
  const among = aloneOn(check.path, failure, elsewhere, 'another path', [{ run: lastTry }]);
  const pullCuts = pullCutsOf(oneAfterTheOther(attempts).map((attempt) => attempt.failure));
  const contrast = {
    ...among,
    endedAfterMs: endedMs,
    anonymous,
    directLoginWorks: elsewhere === 'ok' && !anonymous,
    kindsFailingAlike,
    pullCuts,
    proven: new Set(provenByCuts(pullCuts)),
  };
  return explain(failure, contrast, check.client.name);
}

/** The last try of the part that failed, and what was under way since it began: what was seen before may be over, as the registry may be gone. */
function sinceLastTry({ attempts }: Run, { blob }: Failure): Attempt[] {
  const last = attempts.findLast((one) => one.failure?.blob === blob);
  return attempts.filter(
    (one) => last !== undefined && one.startMs + one.durationMs >= last.startMs && !isEarlier(one, last),
  );
}

function isEarlier(one: Attempt, last: Attempt): boolean {
  return one.blob === last.blob && one.number < last.number;
}

function isFailed({ failure }: Attempt): boolean {
  return failure !== undefined;
}

/** Of the attempts that failed, those that began when the one before had ended: what ends several layers at once is one event. */
function oneAfterTheOther(attempts: readonly Attempt[]): Attempt[] {
  let endedMs = 0;
  return attempts
    .filter(isFailed)
    .toSorted((a, b) => a.startMs - b.startMs)
    .filter(({ startMs, durationMs }) => {
      if (startMs < endedMs) return false;
      endedMs = startMs + durationMs;
      return true;
    });
}
