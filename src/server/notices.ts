import type { ServerDeps } from './deps.ts';

/** What the reader must know before anything else, one sentence each. */
export function noticesOf(deps: Pick<ServerDeps, 'readiness' | 'notices'>): readonly string[] {
  const readiness = deps.readiness();
  return [...(readiness.ready ? [] : [`Not ready: ${readiness.reason}`]), ...deps.notices()];
}
