import closeWithGrace from 'close-with-grace';
import type { Logger } from './log.ts';

/** Longest time that aborted pushes get to cancel their upload sessions. */
export const pushBoundMs = 10_000;

/** Longest time for everything that has to end before the process does. */
const shutdownBoundMs = pushBoundMs + 5_000;

/**
 * Ends the process on SIGTERM and SIGINT: calls `stop`, then exits with 0. A second signal, or `stop` taking too long, ends it at once with 1.
 * An error that nobody caught is logged and ends it the same way with 1: what state the process is in is not known any more.
 */
export function endOnSignal(log: Logger, stop: () => Promise<void>): void {
  closeWithGrace(
    {
      delay: shutdownBoundMs,
      logger: false,
      // SIGHUP means reload, SIGUSR2 pause. The others are not asked for by users, and code may not run after a SIGSEGV.
      skip: [
        'SIGHUP',
        'SIGQUIT',
        'SIGILL',
        'SIGTRAP',
        'SIGABRT',
        'SIGBUS',
        'SIGFPE',
        'SIGSEGV',
        'SIGUSR2',
        'beforeExit',
      ],
      onSecondSignal: (signal) => log.warn('ending at once', { signal }),
      onSecondError: (error) => log.error('error while ending', { error: String(error) }),
      onTimeout: (ms) => log.error('not ended in time', { seconds: ms / 1_000 }),
    },
    async ({ signal, err }) => {
      if (err !== undefined) log.error('uncaught error', { error: err.stack ?? String(err) });
      log.info('stopping', { signal });
      await stop();
      log.info('stopped');
    },
  );
}
