import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { codeOf } from '../network/errors.ts';
import { ConfigError, positionAfter } from './problem.ts';

/** The text of a configuration file. Throws ConfigError when it cannot be read or is no UTF-8. */
export function readConfigFile(file: string): string {
  const bytes = bytesOf(file);
  // UTF-16 without a mark is UTF-8 as well, with a NUL beside each letter.
  const isUtf16 = bytes.subarray(0, 200).includes(0);
  if (isUtf8(bytes) && !isUtf16) return bytes.toString();

  const message = `expected UTF-8 text, got ${isUtf16 ? 'UTF-16' : 'another encoding'}: save the file as UTF-8`;
  const position = isUtf16 ? undefined : positionAfter(bytes.toString().split('\ufffd', 1).join(''));
  throw new ConfigError([{ file, position, path: [], message }]);
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const message = `expected a readable file, got none (${codeOf(error)})`;
    throw new ConfigError([{ file, path: [], message }]);
  }
}
