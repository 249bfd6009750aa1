import type { Redactor } from '../network/secrets/redactor.ts';
import type { OpenClientOptions } from '../registry/open-client.ts';
import type { Check } from './check.ts';
import type { RunDeps } from './deps.ts';

/** How a check's client is opened, for whatever is asked of the registry in its name: attempts, questions after a cut, cleanup. */
export function clientOf(
  { path, registry, client }: Check,
  { clock, wire }: Pick<RunDeps, 'clock' | 'wire'>,
  redactor: Redactor,
): Pick<OpenClientOptions, 'path' | 'target' | 'client' | 'nowMs' | 'wire' | 'redactor'> {
  return { path, target: registry, client, nowMs: () => clock.nowMs(), wire, redactor };
}
