import type { Dispatcher } from 'undici';
import type { Pacer } from './pump.ts';

/**
 * What is pulled keeps to the rate as well: after a chunk nothing more is read until its bytes were due, and TCP tells the sender.
 * Never rejects: an abort ends the wait, and the exchange by itself. `onRest` is told before reading stops and before it goes on.
 */
export async function readWhenDue(
  controller: Dispatcher.DispatchController | undefined,
  pacer: Pacer | undefined,
  bytes: number,
  signal: AbortSignal,
  onRest: (rests: boolean) => void,
): Promise<void> {
  // The client hands on an empty chunk after each pause.
  if (bytes === 0 || pacer === undefined || controller === undefined) return;
  onRest(true);
  controller.pause();
  await pacer.take(bytes, signal).catch(() => {});
  if (controller.aborted) return;
  // Not after it: the next chunk may come, and the next rest begin, while it resumes.
  onRest(false);
  controller.resume();
}
