/** Exit code of a command that Ctrl-C ended, as shells have it: 128 and the number of SIGINT. */
export const exitInterrupted = 130;

/**
 * Does work that SIGINT and SIGTERM end early: `signal` aborts, and the work cleans up after itself. A second signal ends the
 * process at once, as if nobody listened.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly result: T; readonly interrupted: boolean }> {
  const abort = new AbortController();
  const onSignal = (): void => {
    stopListening();
    abort.abort();
  };
  const stopListening = (): void => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    const result = await work(abort.signal);
    return { result, interrupted: abort.signal.aborted };
  } finally {
    stopListening();
  }
}
