import { readFileSync } from 'node:fs';
import { codeOf, messageOf } from '../network/errors.ts';
import { secretLine } from '../config/sources.ts';
import { UsageError } from './flags.ts';

/** A password as an editor or a shell hands it over. Throws UsageError: `source` is empty, is not UTF-8, or has more than one line. */
export function passwordLine(text: string, source: string): string {
  try {
    return secretLine(text, source);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

/** The password in the file that `flag` names. Throws UsageError: it cannot be read, or it is no password. */
export function passwordInFile(flag: string, file: string): string {
  const source = `flag --${flag}: ${JSON.stringify(file)}`;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${source} cannot be read (${codeOf(error)})`);
  }
  return passwordLine(text, source);
}
