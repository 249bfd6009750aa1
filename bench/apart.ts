import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { stop } from './programs.ts';

/**
 * The one thing that a process of the bench answers, after any number of texts that say how far it is. Ends the process. Throws when it ends
 * without an answer.
 */
export async function answerOf<A extends object>(child: ChildProcess, progress: (line: string) => void): Promise<A> {
  child.on('message', (message: A | string) => typeof message === 'string' && progress(message));
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process of the bench ended with ${String(code)}`);
  });
  try {
    for (;;) {
      const [message] = (await Promise.race([once(child, 'message'), ended])) as [A | string];
      if (typeof message !== 'string') return message;
    }
  } finally {
    ended.catch(() => {});
    await stop(child);
  }
}
