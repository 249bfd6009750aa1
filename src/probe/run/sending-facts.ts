import { type LimitedMs, limiters } from '../../network/kernel/kernel-facts.ts';
import type { Attempt, SendingFacts } from '../outcome.ts';

/** What the kernel knows of all bodies of a run together; undefined: of none. Pure. */
export function sendingFacts(attempts: readonly Attempt[]): SendingFacts | undefined {
  const all = attempts.flatMap(({ requests }) => requests.flatMap(({ kernel }) => kernel ?? []));
  const last = all.at(-1);
  if (last === undefined) return undefined;
  const { rttMs, pathMtuBytes, mssBytes } = last;
  return {
    viaProxy: last.viaProxy,
    limited: sumOfLimits(all.flatMap(({ limited }) => limited ?? [])),
    minRttMs: one(Math.min, all, 'minRttMs'),
    rttMs,
    pathMtuBytes,
    mssBytes,
    deliveryBytesPerSecond: one(Math.max, all, 'deliveryBytesPerSecond'),
    ackedBytes: one(sum, all, 'ackedBytes'),
    sentBytes: one(sum, all, 'sentBytes'),
    retransmittedBytes: one(sum, all, 'retransmittedBytes'),
  };
}

/** Shorter than this the kernel's clock, which goes in ticks of some milliseconds, says nothing. */
const leastMs = 50;

/** Parts of the time of sending, 1 together; undefined: it is not known, or was too short. */
export function limitedShares({ limited }: Pick<SendingFacts, 'limited'>): LimitedMs | undefined {
  if (limited === undefined) return undefined;
  const wholeMs = sum(...limiters.map((limiter) => limited[limiter]));
  return wholeMs < leastMs ? undefined : eachLimiter((limiter) => limited[limiter] / wholeMs);
}

/** Part of the bytes on the line that went there once more. */
export function retransmittedShare({
  sentBytes = 0,
  retransmittedBytes,
}: Pick<SendingFacts, 'sentBytes' | 'retransmittedBytes'>): number | undefined {
  return retransmittedBytes === undefined || sentBytes === 0 ? undefined : retransmittedBytes / sentBytes;
}

function sumOfLimits(all: readonly LimitedMs[]): LimitedMs | undefined {
  return all.length === 0 ? undefined : eachLimiter((limiter) => sum(...all.map((one) => one[limiter])));
}

function eachLimiter(value: (limiter: (typeof limiters)[number]) => number): LimitedMs {
  return { receiver: value('receiver'), network: value('network'), prober: value('prober') };
}

/** undefined: no body has it. */
function one<Key extends string>(
  join: (...values: number[]) => number,
  all: readonly { readonly [K in Key]?: number }[],
  key: Key,
): number | undefined {
  const values = all.flatMap((facts) => facts[key] ?? []);
  return values.length === 0 ? undefined : join(...values);
}

function sum(...values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
