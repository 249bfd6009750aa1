import { type Check, workloadBytes } from '../probe/check.ts';
import { pullRounds } from '../probe/outcome.ts';
import { maxAttempts } from './describe.ts';

/** Frames of chunks and records of TLS add less than 0.5 % to bodies written in 32 KiB. */
const framingShare = 0.01;
/** Heads, tokens, handshakes and the answers' bodies of one attempt at one blob, with room. */
const besideBodyBytes = 64 * 1024;

/**
 * What may lie unread in our kernel when a connection is let go of: as far as Linux lets a receive buffer grow (the third figure of
 * tcp_rmem, unless somebody raised it). The peer sends no more than the window, which is what is free in that buffer.
 */
const receiveBufferBytes = 6 * 1024 ** 2;

/**
 * Bytes on the wire that a run may need when it needs all of its attempts, pulled ones included: what the day's budget must allow
 * before it starts. A little more than the payload times the attempts; requests that a client sends again within an attempt are
 * counted when they happened.
 */
export function worstCaseBytes(check: Check): number {
  const { workload, client } = check;
  const { ranges } = client.pull;
  const pushed = workloadBytes(workload);
  const payloadBytes = pushed * maxAttempts(check) + (workload.pull ? pushed * pullRounds.length : 0);
  const unreadBytes =
    workload.pull && ranges !== undefined
      ? workload.layerBytes.reduce((sum, bytes) => sum + unreadOf(bytes, ranges.bytes), 0) * pullRounds.length
      : 0;
  // An image has a configuration and a manifest as well.
  const blobs = workload.layerBytes.length + (workload.kind === 'image' ? 2 : 0);
  const exchanges = blobs * (maxAttempts(check) + (workload.pull ? pullRounds.length : 0));
  return Math.ceil((payloadBytes + unreadBytes) * (1 + framingShare)) + exchanges * besideBodyBytes;
}

/** What comes beyond the ranges of a layer that is pulled once: each is asked for without an end, and let go of once it is full. */
function unreadOf(layerBytes: number, rangeBytes: number): number {
  let bytes = 0;
  for (let end = rangeBytes; end < layerBytes; end += rangeBytes)
    bytes += Math.min(receiveBufferBytes, layerBytes - end);
  return bytes;
}
