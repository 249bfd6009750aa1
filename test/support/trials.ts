import type { Failure } from '../../src/probe/failure.ts';
import type { Trial } from '../../src/probe/diagnose/trial.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { fakeCheck } from './fake-check.ts';
import { fakeRun } from './fake-run.ts';

/** One push of an examination, as docker and streamed; it got through unless `failure` says otherwise. */
export function trialOf({ failure, run, ...changes }: Partial<Omit<Trial, 'run'>> & TrialRun = {}): Trial {
  const done = fakeRun(fakeCheck('gitea', 'ingress', 'docker', 'blob'), failure);
  return { kind: 'full', shape: 'patch-streamed', sizeBytes: 1_000_000, ...changes, run: { ...done, ...run } };
}

interface TrialRun {
  readonly failure?: Failure;
  readonly run?: Partial<Run>;
}
