import { codeOf } from '../../network/errors.ts';
import { quote } from '../expected.ts';
import type { ConfigPath } from '../problem.ts';
import { at, textAt } from '../raw.ts';
import { type ResolvedSources, type SecretName, SecretUnavailable, secretKeys, secretOf } from '../sources.ts';
import type { Report } from './rule.ts';

/** Reports a file that is named and cannot be read. */
export function checkFile(
  section: unknown,
  path: ConfigPath,
  key: string,
  report: Report,
  sources: ResolvedSources,
): void {
  const name = textAt(section, key);
  if (name === undefined || name === '') return;
  try {
    sources.readFile(sources.resolveFile(name));
  } catch (error) {
    report([...path, key], `expected a readable file, got ${shownFile(name)} (${codeOf(error)})`);
  }
}

/** Reports more than one source of a secret, or one that does not give it. Returns the keys that are present. */
export function checkSecret(
  section: unknown,
  path: ConfigPath,
  name: SecretName,
  report: Report,
  sources: ResolvedSources,
): string[] {
  const given = secretKeys(name).filter((key) => at(section, key) !== undefined);
  if (given.length > 1) {
    report(path, `expected only one of ${secretKeys(name).join(', ')}, got ${given.join(' and ')}`);
    return given;
  }
  const [, variable] = /^\$\{([A-Za-z_]\w*)\}$/.exec(textAt(section, name) ?? '') ?? [];
  if (variable !== undefined)
    report([...path, name], `expected the secret itself, got the name of a variable; write ${name}Env: ${variable}`);
  try {
    secretOf(section, name, sources)?.reveal();
  } catch (error) {
    if (!(error instanceof SecretUnavailable)) throw error;
    const key = given[0] ?? name;
    const expected = key.endsWith('File')
      ? 'a readable file with the secret'
      : 'an environment variable with the secret';
    const value = textAt(section, key) ?? '';
    // An empty name, or one that no variable can have, is reported by the schema.
    if (value !== '' && !(key.endsWith('Env') && !/^\w+$/.test(value)))
      report([...path, key], `expected ${expected}, got ${shownSource(key, value)}: ${error.message}`);
  }
  return given;
}

function shownSource(key: string, value: string): string {
  if (key.endsWith('File')) return shownFile(value);
  return /^[A-Z_][A-Z0-9_]*$/.test(value) ? quote(value) : 'a name';
}

/** A text without a slash may be the secret itself, put under the wrong key. */
function shownFile(name: string): string {
  return /^\.{0,2}\//.test(name) ? quote(name) : 'a name';
}
