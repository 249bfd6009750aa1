import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { getRounds } from 'bcryptjs';

export class TooManyLogins extends Error {
  override readonly name = 'TooManyLogins';
}

/** Whether the text is a bcrypt hash. */
export function isBcryptHash(text: string): boolean {
  if (!/^\$2[aby]?\$\d\d\$[./A-Za-z0-9]{53}$/.test(text)) return false;
  const cost = getRounds(text);
  return cost >= 4 && cost <= 31;
}

/** Salt and hash of a random password that nobody kept. */
const nobodysPassword = 'Jb2EFB5Ey4iyjfHKUGgXae/PAFKxjlEMEDoYKyImfji3JUw.BzxmS';
const mostWaiting = 100;
const keptLogins = 100;

/**
 * Compares passwords with bcrypt hashes, one at a time. bcrypt is slow on purpose: 50 ms and more of pure computing, which would
 * end up in the timings of running pushes. So it runs in a thread of its own, started with the first login; and results are kept,
 * because a scraper logs in each time.
 */
export class PasswordCheck {
  readonly #start: () => BcryptThread;
  // Apart, so that wrong logins, however many, do not push out the right one of a scraper.
  readonly #right = new Set<string>();
  readonly #wrong = new Set<string>();
  #thread: BcryptThread | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(start: () => BcryptThread = startThread) {
    this.#start = start;
  }

  /** Whether user and password are right. Rejects with TooManyLogins when too many wait already. */
  async verify(users: ReadonlyMap<string, string>, user: string, password: string): Promise<boolean> {
    const hash = users.get(user);
    const key = createHash('sha256')
      .update(JSON.stringify([user, hash, password]))
      .digest('base64');
    if (this.#right.has(key) || this.#wrong.has(key)) return this.#right.has(key);
    const isRight = (await this.#compare(password, hash ?? nobodysHash(users))) && hash !== undefined;
    keep(isRight ? this.#right : this.#wrong, key);
    return isRight;
  }

  async close(): Promise<void> {
    await this.#thread?.close();
    this.#thread = undefined;
  }

  async #compare(password: string, hash: string): Promise<boolean> {
    if (this.#waiting >= mostWaiting) throw new TooManyLogins();
    this.#waiting += 1;
    const turn = this.#last.then(() => {
      this.#thread ??= this.#start();
      return this.#thread.compare(password, hash);
    });
    this.#last = turn.catch(() => {
      this.#thread = undefined;
    });
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }
}

/** Comparing an unknown user with it takes as long as the slowest of the known ones. */
function nobodysHash(users: ReadonlyMap<string, string>): string {
  const cost = Math.max(4, ...[...users.values()].map((hash) => getRounds(hash)));
  return `$2b$${String(cost).padStart(2, '0')}$${nobodysPassword}`;
}

/** Of more than `keptLogins` the oldest goes. */
function keep(logins: Set<string>, key: string): void {
  logins.add(key);
  const [oldest] = logins;
  if (logins.size > keptLogins && oldest !== undefined) logins.delete(oldest);
}

/** Where passwords are compared; ends when it is closed. */
interface BcryptThread {
  compare(password: string, hash: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Given as text, so that it needs no file of its own that would have to be found beside the compiled code. */
const threadCode = `
const { parentPort, workerData } = require('node:worker_threads');
const bcrypt = require(workerData);
parentPort.on('message', ({ password, hash }) => parentPort.postMessage(bcrypt.compareSync(password, hash)));
`;

function startThread(): BcryptThread {
  const worker = new Worker(threadCode, {
    eval: true,
    workerData: createRequire(import.meta.url).resolve('bcryptjs'),
  });
  worker.unref();
  return {
    compare: (password, hash) =>
      new Promise((resolve, reject) => {
        function settle(end: () => void): void {
          worker.off('message', onMessage).off('error', onError).off('exit', onExit).unref();
          end();
        }
        const onMessage = (right: boolean): void => settle(() => resolve(right));
        const onError = (error: Error): void => settle(() => reject(error));
        const onExit = (): void => settle(() => reject(new Error('the thread that compares passwords ended')));
        worker.ref();
        worker.on('message', onMessage).on('error', onError).on('exit', onExit);
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        worker.postMessage({ password, hash });
      }),
    close: async () => {
      await worker.terminate();
    },
  };
}
