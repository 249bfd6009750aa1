import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { formatTime } from '../publish/format.ts';
import type { Logger } from './log.ts';

/**
 * Tells whether the content of a file is another than at the last call; never true at the first. By content, not by
 * watching: Kubernetes swaps a symbolic link two folders up, of which a watch on the file learns nothing.
 */
export function contentWatch(file: string): () => Promise<boolean> {
  let last: string | undefined;
  return async () => {
    const before = last;
    last = await readFile(file).then(
      (content) => createHash('sha256').update(content).digest('hex'),
      // A file that is gone is a change too: the reload says what is wrong with it.
      (error: NodeJS.ErrnoException) => `unreadable: ${error.code}`,
    );
    return before !== undefined && before !== last;
  };
}

export interface AutoReload {
  readonly changed: () => Promise<boolean>;
  readonly everyMs: number;
}

/** Reloads whoever asks for them, and remembers what came of the last. */
export interface Reloads {
  /** Errors, one a line; none when the configuration is in force. */
  reload(): readonly string[];
  /** Looks at the file from now on. Returns what ends that. */
  poll(options: AutoReload): () => void;
  /** What the last reload failed for; undefined when it did not. */
  notice(): string | undefined;
}

export function createReloads(
  daemon: { reload(): readonly string[] },
  log: Logger,
  now: () => Date = () => new Date(),
): Reloads {
  let failure: { readonly at: Date; readonly errors: readonly string[] } | undefined;

  function reload(): readonly string[] {
    const errors = daemon.reload();
    failure = errors.length === 0 ? undefined : { at: now(), errors };
    return errors;
  }

  return {
    reload,
    poll({ changed, everyMs }) {
      let looking = false;
      let ended = false;
      const timer = setInterval(() => {
        if (looking) return;
        looking = true;
        void changed()
          .then((isOther) => {
            if (isOther && !ended) {
              log.info('configuration file has changed');
              reload();
            }
          })
          .finally(() => (looking = false));
      }, everyMs);
      return () => {
        // A look that is under way reloads nothing any more.
        ended = true;
        clearInterval(timer);
      };
    },
    notice() {
      if (failure === undefined) return undefined;
      const [first = '', ...more] = failure.errors;
      const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
      return `The reload at ${formatTime(failure.at)} failed; what was loaded before is in force. ${first}${others}`;
    },
  };
}
