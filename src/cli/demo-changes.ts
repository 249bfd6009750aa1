import { type LabChange, parseChange } from '../lab/lab-change.ts';
import { exitFailure, type Terminal } from './command.ts';
import { type Flags, type FlagValues, manyValues, oneValue, UsageError } from './flags.ts';
import { messageOf } from '../network/errors.ts';
import { askUrl, urlBelow } from './ask-url.ts';

const timeoutMs = 5_000;

export const changeFlags: Flags = {
  break: manyValues('PATH=PRESET', 'Put this proxy on the path instead of what is there; may be repeated.'),
  heal: manyValues('PATH', 'Take all faults from the path, or from all; may be repeated.'),
  restore: manyValues('PATH', 'Make the path, or all, as it was at the start; may be repeated.'),
  running: oneValue(
    'URL',
    'Make these changes in the demo that runs at URL (http://localhost:10719), instead of starting one with them.',
  ),
};

/** The changes that the flags ask for: healing first, so that all but one path can be healed. Throws UsageError. */
export function changesOf(values: FlagValues, paths: readonly string[]): readonly LabChange[] {
  const change = (action: LabChange['action'], text: string): LabChange => {
    const [path, ...preset] = action === 'break' ? text.split('=') : [text];
    if (action === 'break' && preset.length === 0) {
      throw new UsageError(
        `flag --break: expected PATH=PRESET, got ${JSON.stringify(text)}; blobprobe demo --list names both`,
      );
    }
    try {
      return parseChange(action, path, preset.join('='), paths);
    } catch (error) {
      throw error instanceof RangeError ? new UsageError(`flag --${action}: ${error.message}`) : error;
    }
  };
  const actions = ['heal', 'restore', 'break'] as const;
  return actions.flatMap((action) => values.list(action).map((text) => change(action, text)));
}

/** Asks a running demo for the changes, one after the other, and says what it answered. Throws UsageError for a bad URL. */
export async function changeRunning(base: string, changes: readonly LabChange[], terminal: Terminal): Promise<number> {
  urlBelow('running', base, '');
  if (changes.length === 0) throw new UsageError('flag --running needs --break, --heal or --restore');
  for (const change of changes) {
    const url = urlBelow('running', base, `/demo/${change.action}`);
    url.searchParams.set('path', change.path);
    if (change.action === 'break') url.searchParams.set('preset', change.preset);
    try {
      const { status, text } = await askUrl(url, { method: 'POST', timeoutMs });
      if (status !== 200) {
        const hint = status === 404 ? ': is a demo running there?' : `: ${text.trim()}`;
        terminal.err(`blobprobe demo: ${url.origin} answered ${status}${hint}\n`);
        return exitFailure;
      }
      terminal.out(`${text.trim()}\n`);
    } catch (error) {
      terminal.err(`blobprobe demo: ${url.origin}: ${messageOf(error)}\n`);
      return exitFailure;
    }
  }
  return 0;
}
