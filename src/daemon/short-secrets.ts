import type { Config } from '../config/config.ts';
import { minSafeChars } from '../network/secrets/secret-text.ts';
import { secretTextOf } from '../registry/auth/credentials.ts';
import type { Logger } from './log.ts';

const warning = `the secret has fewer than ${minSafeChars} characters: where servers repeat it, it is blanked as a whole word at most`;

/** Warns of passwords and tokens that are too short to be found in what servers repeat without tearing words apart. */
export function warnOfShortSecrets({ registries }: Pick<Config, 'registries'>, log: Pick<Logger, 'warn'>): void {
  for (const { name, credentials } of registries) {
    const secret = secretTextOf(credentials);
    if (secret !== undefined && secret.length < minSafeChars) log.warn(warning, { registry: name });
  }
}
