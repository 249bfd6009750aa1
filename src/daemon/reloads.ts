import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { formatTime } from '../publish/format.ts';
import type { Daemon } from './daemon.ts';
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
export class Reloads {
  readonly #daemon: Pick<Daemon, 'reload'>;
  readonly #log: Logger;
  readonly #now: () => Date;
  #failure: { readonly at: Date; readonly errors: readonly string[] } | undefined;

  constructor(daemon: Pick<Daemon, 'reload'>, log: Logger, now: () => Date = () => new Date()) {
    this.#daemon = daemon;
    this.#log = log;
    this.#now = now;
  }

  /** Errors, one a line; none when the configuration is in force. */
  reload(): readonly string[] {
    const errors = this.#daemon.reload();
    this.#failure = errors.length === 0 ? undefined : { at: this.#now(), errors };
    return errors;
  }

  /** Looks at the file from now on. Returns what ends that. */
  poll({ changed, everyMs }: AutoReload): () => void {
    let looking = false;
    let ended = false;
    const timer = setInterval(() => {
      if (looking) return;
      looking = true;
      void changed()
        .then((isOther) => {
          if (isOther && !ended) {
            this.#log.info('configuration file has changed');
            this.reload();
          }
        })
        .finally(() => (looking = false));
    }, everyMs);
    return () => {
      // A look that is under way reloads nothing any more.
      ended = true;
      clearInterval(timer);
    };
  }

  /** What the last reload failed for, in a sentence; none when it did not. */
  notices(): string[] {
    if (this.#failure === undefined) return [];
    const [first = '', ...more] = this.#failure.errors;
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
    return [
      `The reload at ${formatTime(this.#failure.at)} failed; the previous configuration stays in force. ${first}${others}`,
    ];
  }
}
