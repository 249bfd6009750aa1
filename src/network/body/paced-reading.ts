import type { Dispatcher } from 'undici';
import type { Pacer } from './pump.ts';

/**
 * What is pulled keeps to the rate as well: after a chunk nothing more is read until its bytes were due, and TCP tells the sender.
 * Never rejects: an abort ends the wait, and the exchange by itself.
 */
export async function readWhenDue(
  controller: Dispatcher.DispatchController | undefined,
  pacer: Pacer | undefined,
  bytes: number,
  signal: AbortSignal,
): Promise<void> {
  // The client hands on an empty chunk after each pause.
  if (bytes === 0 || pacer === undefined || controller === undefined) return;
  controller.pause();
  await pacer.take(bytes, signal).catch(() => {});
  if (!controller.aborted) controller.resume();
}
