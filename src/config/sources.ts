import { codeOf } from '../network/errors.ts';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Secret } from '../network/secrets/secret.ts';
import { textAt } from './raw.ts';

/** What a configuration refers to and does not hold itself. */
export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a file that the configuration names, as UTF-8. Throws as `readFileSync` does. Default: the file system. */
  readonly readFile?: (file: string) => string;
}

/** The sources together with the place that relative file names start from: the folder of the configuration file. */
export interface ResolvedSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (file: string) => string;
  readonly resolveFile: (file: string) => string;
}

export function resolveSources(sources: ConfigSources, configFile: string): ResolvedSources {
  return {
    env: sources.env,
    readFile: sources.readFile ?? ((file) => readFileSync(file, 'utf8')),
    resolveFile: (file) => resolve(dirname(configFile), file),
  };
}

const secretNames = ['password', 'token', 'identityToken'] as const;
export type SecretName = (typeof secretNames)[number];

/** The three keys that can hold a secret: `password`, `passwordFile`, `passwordEnv`. */
export function secretKeys(name: SecretName): readonly [string, string, string] {
  return [name, `${name}File`, `${name}Env`];
}

/** Why a secret cannot be had; the message holds no part of it. */
export class SecretUnavailable extends Error {
  override readonly name = 'SecretUnavailable';
}

/**
 * The secret that a section names, or undefined when it names none. Files and variables are read each time the secret is used.
 * `reveal()` throws SecretUnavailable when there is nothing to reveal.
 */
export function secretOf(section: unknown, name: SecretName, sources: ResolvedSources): Secret | undefined {
  const [inline, file, variable] = secretKeys(name).map((key) => textAt(section, key));
  if (inline !== undefined) return Secret.of(inline);
  if (file !== undefined) {
    const resolved = sources.resolveFile(file);
    return new Secret(() => secretLine(readSecretFile(resolved, sources), 'the file'));
  }
  if (variable !== undefined) return new Secret(() => secretLine(sources.env[variable], 'the variable'));
  return undefined;
}

function readSecretFile(file: string, sources: ResolvedSources): string {
  try {
    return sources.readFile(file);
  } catch (error) {
    throw new SecretUnavailable(`the file cannot be read (${codeOf(error)})`);
  }
}

/**
 * A secret from a text of one line. Editors end files with a newline that is no part of it; more than one line is the wrong file. Throws
 * SecretUnavailable, which says what is wrong with `source`.
 */
export function secretLine(text: string | undefined, source: string): string {
  if (text === undefined) throw new SecretUnavailable(`${source} is not set`);
  const line = text.replace(/\r?\n$/, '');
  if (line === '') throw new SecretUnavailable(`${source} is empty`);
  // Node puts this character in the place of bytes that it cannot read: the registry would get another secret.
  if (line.includes('\ufffd')) throw new SecretUnavailable(`${source} holds text that is not UTF-8`);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(line)) throw new SecretUnavailable(`${source} holds more than one line of text`);
  return line;
}
