import { messageOf } from '../network/errors.ts';
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
