import { formatBytes } from '../probe/byte-words.ts';
import type { Limiter } from '../network/kernel/kernel-facts.ts';
import type { NeighbourFacts, SendingFacts } from '../probe/outcome.ts';
import { limitedShares, retransmittedShare } from '../probe/run/sending-facts.ts';
import { formatDuration } from '../network/duration-words.ts';
import { formatRate } from './format.ts';

/** What each limiter means to a reader. */
export const limiterWords: Readonly<Record<Limiter, string>> = {
  receiver: 'the next host took no more',
  network: 'the line',
  prober: 'this host',
};

/** Facts with their names, those that are known; pages and texts have the same. */
export function sendingWords(facts: SendingFacts | undefined): readonly (readonly [name: string, value: string])[] {
  if (facts === undefined) return [];
  const { viaProxy, ackedBytes, minRttMs, rttMs, pathMtuBytes, mssBytes, deliveryBytesPerSecond } = facts;
  const to = viaProxy ? ' (to the proxy)' : '';
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['Held up by', heldUpBy(facts)],
    [
      'Acknowledged',
      ackedBytes === undefined
        ? undefined
        : `${formatBytes(ackedBytes)} by the kernel of the next host, with headers, framing and TLS`,
    ],
    [
      'Round trip',
      minRttMs === undefined || rttMs === undefined
        ? undefined
        : `${roundTripWords(minRttMs)} at least, ${roundTripWords(rttMs)} at the end`,
    ],
    ['Sent once more', shareOf(retransmittedShare(facts), facts.retransmittedBytes)],
    [
      'Segments',
      pathMtuBytes === undefined || mssBytes === undefined
        ? undefined
        : `of ${mssBytes} bytes, path MTU ${pathMtuBytes}`,
    ],
    ['Delivery', deliveryBytesPerSecond === undefined ? undefined : `up to ${formatRate(deliveryBytesPerSecond)}`],
  ];
  return lines.flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}${to}`] as const]));
}

/** `GET /v2/ took others 45 ms, and 3 ms before this push; 120 ms at worst; 2 of 40 had no answer` */
export function neighbourWords({ idleMs, loadedMs, worstMs, asked, unanswered }: NeighbourFacts): string {
  return [
    `GET /v2/ took others ${loadedMs === undefined ? 'for ever' : formatDuration(loadedMs)}, and ${formatDuration(idleMs)} before this push`,
    ...(worstMs === undefined ? [] : [`${formatDuration(worstMs)} at worst`]),
    ...(unanswered === 0 ? [] : [`${unanswered} of ${asked} had no answer`]),
  ].join('; ');
}

/** `the next host took no more 93 %, the line 5 %, this host 2 %`; undefined: not known. */
export function heldUpBy(facts: Pick<SendingFacts, 'limited'>): string | undefined {
  const shares = limitedShares(facts);
  if (shares === undefined) return undefined;
  const parts = Object.entries(limiterWords).map(([limiter, words]) => ({ share: shares[limiter as Limiter], words }));
  return parts
    .toSorted((a, b) => b.share - a.share)
    .map(({ share, words }) => `${words} ${percent(share)}`)
    .join(', ');
}

/** `40 ms`; within one host the kernel counts microseconds. */
function roundTripWords(ms: number): string {
  return ms < 1 ? `${Math.round(ms * 1_000)} µs` : formatDuration(ms);
}

function shareOf(share: number | undefined, bytes = 0): string | undefined {
  return share === undefined ? undefined : `${formatBytes(bytes)}, ${percent(share)}`;
}

function percent(share: number): string {
  return share > 0 && share < 0.01 ? `${(100 * share).toFixed(2)} %` : `${Math.round(100 * share)} %`;
}
