import type { NetworkPath } from '../network/path.ts';
import { AuthError } from '../registry/auth/auth-error.ts';
import { readDockerCredentials } from '../registry/auth/docker-config.ts';
import type { RegistryTarget } from '../registry/target.ts';
import { UsageError } from './flags.ts';

/** Longer no credential helper is waited for. */
const timeoutMs = 10_000;

/** Whose login is used, where that was looked up rather than given. */
interface FoundLogin {
  /** false: there is none, and nobody is logged in. */
  readonly isLogged: boolean;
  /** One sentence, or none. */
  readonly notes: readonly string[];
}

/** Looks up the login of a target. Throws UsageError when the file cannot be read. */
export async function loginOf(
  { credentials, repository }: RegistryTarget,
  { origin }: NetworkPath,
): Promise<FoundLogin> {
  if (credentials.kind !== 'docker-config') return { isLogged: credentials.kind !== 'anonymous', notes: [] };
  const { file } = credentials;
  try {
    const found = await readDockerCredentials({ file, origin, repository, signal: AbortSignal.timeout(timeoutMs) });
    const { host } = new URL(origin);
    if (found.kind === 'anonymous')
      return { isLogged: false, notes: [`${file} has no login for ${host}: nobody is logged in`] };
    const who = found.kind === 'basic' ? found.username : 'a token';
    return { isLogged: true, notes: [`logged in as ${who}, by ${file}`] };
  } catch (error) {
    if (error instanceof AuthError) throw new UsageError(error.message);
    throw error;
  }
}
