import { describe, expect, test } from 'vitest';
import { decodeTcpInfo } from '../../../src/network/kernel/tcp-info.ts';

/** `struct tcp_info` of a 6.12 kernel, each field with a value of its own. */
function filled(): Buffer {
  const bytes = Buffer.alloc(248);
  bytes.writeUInt8(4, 2); // tcpi_retransmits
  bytes.writeUInt8(5, 3); // tcpi_probes
  bytes.writeUInt32LE(1_448, 16); // tcpi_snd_mss
  bytes.writeUInt32LE(7, 24); // tcpi_unacked
  bytes.writeUInt32LE(1_500, 60); // tcpi_pmtu
  bytes.writeUInt32LE(40_250, 68); // tcpi_rtt, µs
  bytes.writeBigUInt64LE(5_000_000_000n, 120); // tcpi_bytes_acked
  bytes.writeUInt32LE(65_000, 144); // tcpi_notsent_bytes
  bytes.writeUInt32LE(40_000, 148); // tcpi_min_rtt, µs
  bytes.writeBigUInt64LE(1_250_000n, 160); // tcpi_delivery_rate
  bytes.writeBigUInt64LE(9_000_000n, 168); // tcpi_busy_time, µs
  bytes.writeBigUInt64LE(6_000_000n, 176); // tcpi_rwnd_limited
  bytes.writeBigUInt64LE(1_000_000n, 184); // tcpi_sndbuf_limited
  bytes.writeBigUInt64LE(5_000_100_000n, 200); // tcpi_bytes_sent
  bytes.writeBigUInt64LE(90_000n, 208); // tcpi_bytes_retrans
  bytes.writeUInt32LE(131_072, 228); // tcpi_snd_wnd
  return bytes;
}

const all = {
  timeoutsInRow: 4,
  probes: 5,
  mssBytes: 1_448,
  unackedSegments: 7,
  pathMtuBytes: 1_500,
  rttMs: 40.25,
  ackedBytes: 5_000_000_000,
  notSentBytes: 65_000,
  minRttMs: 40,
  deliveryBytesPerSecond: 1_250_000,
  busyMs: 9_000,
  receiverLimitedMs: 6_000,
  bufferLimitedMs: 1_000,
  sentBytes: 5_000_100_000,
  retransmittedBytes: 90_000,
  windowBytes: 131_072,
};

/** Length of the struct in each kernel that grew it, and what is not in the ones before. */
const lengths: readonly (readonly [kernel: string, bytes: number, missing: readonly (keyof typeof all)[]])[] = [
  ['6.12', 248, []],
  ['5.4', 232, []],
  ['4.19', 224, ['windowBytes']],
  ['4.18', 200, ['windowBytes', 'sentBytes', 'retransmittedBytes']],
  ['4.10', 192, ['windowBytes', 'sentBytes', 'retransmittedBytes']],
  ['4.9', 168, ['windowBytes', 'sentBytes', 'retransmittedBytes', 'busyMs', 'receiverLimitedMs', 'bufferLimitedMs']],
];

describe('TCP_INFO', () => {
  test.each(lengths)('of Linux %s (%i bytes) has what that kernel fills', (_kernel, bytes, missing) => {
    const expected = Object.fromEntries(
      Object.entries(all).filter(([name]) => !(missing as readonly string[]).includes(name)),
    );
    expect(decodeTcpInfo(filled().subarray(0, bytes))).toEqual(expected);
  });

  test('of Linux 2.6 has no more than it had then', () => {
    expect(Object.keys(decodeTcpInfo(filled().subarray(0, 104)) ?? {}).toSorted()).toEqual(
      Object.keys(all).slice(0, 6).toSorted(),
    );
  });

  test('a field that is there in part only is not there', () => {
    expect(decodeTcpInfo(filled().subarray(0, 231))).not.toHaveProperty('windowBytes');
  });

  test('says of what was not measured yet that it is absent, and of a closed window that it is 0', () => {
    const bytes = filled();
    bytes.writeUInt32LE(0xffffffff, 148);
    bytes.writeUInt32LE(0, 68);
    bytes.writeBigUInt64LE(0n, 160);
    bytes.writeUInt32LE(0, 228);
    const { minRttMs, rttMs, deliveryBytesPerSecond, windowBytes } = decodeTcpInfo(bytes)!;
    expect([minRttMs, rttMs, deliveryBytesPerSecond, windowBytes]).toEqual([undefined, undefined, undefined, 0]);
  });

  test('of a kernel that gives the whole length and fills little of it (gVisor) believes the round trip alone', () => {
    const bytes = Buffer.alloc(232);
    bytes.writeUInt32LE(40_250, 68);
    expect(decodeTcpInfo(bytes)).toEqual({ rttMs: 40.25 });
  });

  test.each([
    ['segment size', 16],
    ['path MTU', 60],
  ])('believes it alone, too, where the %s is missing', (_what, at) => {
    const bytes = filled();
    bytes.writeUInt32LE(0, at);
    expect(decodeTcpInfo(bytes)).toEqual({ rttMs: 40.25 });
  });

  test('of an emulator that gives four bytes of it (QEMU), or zeros alone, is nothing', () => {
    expect(decodeTcpInfo(Buffer.from([1, 0, 0, 0]))).toBeUndefined();
    expect(decodeTcpInfo(Buffer.alloc(232))).toBeUndefined();
  });
});
