import { describe, expect, test } from 'vitest';
import type { KernelFacts } from '../../../src/network/kernel/kernel-facts.ts';
import { limitedShares, retransmittedShare, sendingFacts } from '../../../src/probe/run/sending-facts.ts';
import { attempt, requestRecord } from '../../support/run-fixtures.ts';

function kernel(changes: Partial<KernelFacts>): KernelFacts {
  return { viaProxy: false, end: {}, points: [], ...changes };
}

describe('facts of sending', () => {
  test('are sums over all bodies, the best of each rate, and the last of what changes', () => {
    const first = kernel({
      limited: { receiver: 100, network: 20, prober: 3 },
      minRttMs: 9,
      rttMs: 80,
      ackedBytes: 1_000,
      retransmittedBytes: 10,
      pathMtuBytes: 9_000,
      deliveryBytesPerSecond: 70,
      sentBytes: 1_100,
    });
    const second = kernel({
      limited: { receiver: 1, network: 2, prober: 3 },
      minRttMs: 10,
      rttMs: 11,
      ackedBytes: 500,
      retransmittedBytes: 0,
      deliveryBytesPerSecond: 40,
      sentBytes: 600,
    });
    const last = kernel({ rttMs: 12, pathMtuBytes: 1_400 });
    const attempts = [first, second, last].map((one) =>
      attempt({ requests: [requestRecord(), requestRecord({ kernel: one })] }),
    );
    expect(sendingFacts(attempts)).toMatchObject({
      limited: { receiver: 101, network: 22, prober: 6 },
      minRttMs: 9,
      rttMs: 12,
      ackedBytes: 1_500,
      retransmittedBytes: 10,
      pathMtuBytes: 1_400,
      deliveryBytesPerSecond: 70,
      sentBytes: 1_700,
    });
    const alone = sendingFacts([attempt({ requests: [requestRecord({ kernel: last })] })]);
    expect(alone).toMatchObject({ limited: undefined, sentBytes: undefined });
  });

  test('are absent when the kernel told of no body', () => {
    expect(sendingFacts([attempt({ requests: [requestRecord()] })])).toBeUndefined();
  });

  test('have shares that are one together, and none of a moment', () => {
    expect(limitedShares({ limited: { receiver: 60, network: 30, prober: 10 } })).toEqual({
      receiver: 0.6,
      network: 0.3,
      prober: 0.1,
    });
    expect(limitedShares({ limited: { receiver: 30, network: 10, prober: 9 } })).toBeUndefined();
    expect(limitedShares({ limited: { receiver: 50, network: 0, prober: 0 } })?.receiver).toBe(1);
    expect(limitedShares({})).toBeUndefined();
  });

  test('have a share of what went there once more, of all that was sent', () => {
    expect(retransmittedShare({ sentBytes: 2_000, retransmittedBytes: 50 })).toBe(0.025);
    expect(retransmittedShare({ sentBytes: 0, retransmittedBytes: 0 })).toBeUndefined();
    expect(retransmittedShare({ sentBytes: 2_000 })).toBeUndefined();
  });
});
