import { readFileSync } from 'node:fs';
import { errorCode } from '../network/errors.ts';
import { ConfigError } from './problem.ts';

/** The bytes of a configuration file. Throws ConfigError when it cannot be read. */
export function readConfigFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const message = `expected a readable file, got none (${errorCode(error) ?? 'unknown error'})`;
    throw new ConfigError([{ file, path: [], message }]);
  }
}

/** Why these bytes are no UTF-8 text, for the end of "expected UTF-8 text, got …"; undefined: they may be. */
export function otherEncoding(bytes: Uint8Array): string | undefined {
  const [first = 0, second = 0] = bytes;
  const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (hasMark || bytes.subarray(0, 200).includes(0)) return 'UTF-16: save the file as UTF-8';
  return undefined;
}
