import type { Engine } from '../daemon/engine.ts';
import type { NetworkPath } from '../network/path.ts';
import type { ClientProfile } from '../probe/clients/client-profile.ts';
import type { RegistryTarget } from '../registry/target.ts';
import type { Terminal } from './command.ts';
import type { Candidate } from './init-paths.ts';
import { foreignRealm, isReached, outcomeOf, type Tried, tryPath, works } from './init-trial.ts';

/** What is to be tried. */
interface Asked {
  readonly registry: RegistryTarget;
  /** The first is the address as it was given. */
  readonly candidates: readonly Candidate[];
  readonly clients: readonly ClientProfile[];
  /** Nobody gave a scheme: when the guessed one leads nowhere, the other is tried. */
  readonly isGuessed: boolean;
}

/** Tries all ways, one after the other, and says of each what came of it, on standard error. */
export async function tryAll(
  { registry, candidates, clients, isGuessed }: Asked,
  engine: Pick<Engine, 'run'>,
  { err }: Pick<Terminal, 'err'>,
  signal: AbortSignal,
): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  const attempt = (candidate: Candidate): Promise<Tried> => tryPath(candidate, registry, clients, engine, signal);
  const first = candidates[0]?.path.origin ?? '';
  let origin = first;
  for (const candidate of candidates) {
    if (signal.aborted) break;
    let result = await attempt(candidate.path.origin === first ? withOrigin(candidate, origin) : candidate);
    if (isGuessed && tried.length === 0 && !result.runs.some(isReached)) {
      const other = await attempt(withOrigin(candidate, otherScheme(first)));
      if (other.runs.some(isReached)) {
        err(`no registry at ${first}; ${other.path.origin} works\n`);
        origin = other.path.origin;
        result = other;
      }
    }
    result = await asksHereForTokens(result, first, attempt);
    err(`${result.path.name}, ${result.path.origin}: ${result.runs.map(outcomeOf).join(' ')}\n`);
    const realm = works(result) ? undefined : foreignRealm(result);
    if (realm !== undefined)
      err(`For tokens the registry sends to ${realm}; --allow-host=${realm} lets the login go there.\n`);
    tried.push(result);
  }
  return tried;
}

/** A registry with a public name sends to that for tokens, on its inner paths, too: these ask at their own host instead. */
async function asksHereForTokens(
  result: Tried,
  publicOrigin: string,
  attempt: (candidate: Candidate) => Promise<Tried>,
): Promise<Tried> {
  if (works(result) || foreignRealm(result) !== new URL(publicOrigin).host) return result;
  const { path, why, isNamed } = result;
  const again = await attempt({ path: { ...path, realm: 'rewrite' }, why, isNamed });
  return works(again) ? again : result;
}

function withOrigin(candidate: Candidate, origin: string): Candidate {
  return { ...candidate, path: { ...candidate.path, origin } };
}

function otherScheme(origin: string): NetworkPath['origin'] {
  return origin.startsWith('https:') ? origin.replace('https:', 'http:') : origin.replace('http:', 'https:');
}
