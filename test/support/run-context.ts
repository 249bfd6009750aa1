import { Redactor } from '../../src/network/secrets/redactor.ts';
import type { Check } from '../../src/probe/check.ts';
import { Ledger } from '../../src/probe/leftovers/ledger.ts';
import { RunTrail } from '../../src/probe/leftovers/ledger-trail.ts';
import type { Progress } from '../../src/probe/outcome.ts';
import type { RunContext } from '../../src/probe/run/retry-loop.ts';
import { checkOf, runDeps } from './checks.ts';

/** What the parts of a run share, without a login; time goes by as `sleep` says. What they tell of themselves is in `told`. */
export function runContext(
  changes: { readonly check?: Check } & Partial<Omit<RunContext, 'check'>> = {},
): RunContext & { readonly told: Progress[] } {
  const check = changes.check ?? checkOf('http://127.0.0.1:1');
  const redactor = new Redactor();
  const told: Progress[] = [];
  return {
    deps: runDeps(),
    trail: new RunTrail(new Ledger(), check, redactor),
    originMs: 0,
    redactor,
    authorizer: () => ({ authorization: () => Promise.resolve(undefined), challenged: () => Promise.resolve(false) }),
    hostMemory: undefined,
    onProgress: (progress) => told.push(progress),
    ...changes,
    check,
    told,
  };
}
