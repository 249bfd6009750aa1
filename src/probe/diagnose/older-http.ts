import { isSlowOverHttp2, passedOverHttp2 } from './http2-window.ts';
import { olderHttpCheck } from './trial-checks.ts';
import type { TrialLog } from './trial-log.ts';

/**
 * Pushes as the same client that speaks HTTP/1.1 only, where HTTP/2 was spoken: whether HTTP/2 is what fails, or what is slow. If so, once
 * more; where it is slow, in turn with HTTP/2.
 */
export async function pushOlderHttp(log: TrialLog): Promise<void> {
  const { trials, failed } = log;
  const shaped = trials.find(({ run }) => run.check.client.httpVersion !== '1.1');
  if (shaped === undefined || trials.every(({ run }) => run.pathFacts.httpVersion !== '2')) return;
  const broken = failed.find(({ run }) => run.failure?.reason === 'http2_error');
  const { kind, run, shape, sizeBytes } = broken ?? trials.findLast(passedOverHttp2) ?? shaped;
  const older = { check: olderHttpCheck(run.check), shape };
  if (!(await log.push('version', older, sizeBytes))) return;
  if (broken === undefined && !isSlowOverHttp2(trials)) return;
  if (broken === undefined) await log.push(kind, { check: run.check, shape }, sizeBytes);
  await log.push('version', older, sizeBytes);
}
