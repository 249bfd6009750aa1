import { ConfigError } from '../config/problem.ts';
import { runDaemon, type RunDaemonOptions } from '../daemon/run-daemon.ts';
import { ListenError } from '../daemon/web.ts';
import { exitFailure, exitUsage, type Terminal } from './command.ts';

/** Runs the daemon. Resolves with undefined when it runs until a signal ends the process, or with an exit code: it cannot listen, or the web configuration is wrong. */
export async function runUntilSignal(
  options: Omit<RunDaemonOptions, 'env'>,
  terminal: Terminal,
): Promise<number | undefined> {
  try {
    await runDaemon({ ...options, env: terminal.env });
    return undefined;
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    terminal.err(`blobprobe: ${error.message}\n`);
    return error.cause instanceof ConfigError ? exitUsage : exitFailure;
  }
}
