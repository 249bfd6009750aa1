import { describe, expect, test } from 'vitest';
import { type Packet, PacketReader } from '../../bench/truth/packets.ts';
import { dnsTimeMs, handshakeTimeMs, tunnelTimes, turnsOf } from '../../bench/truth/wire-times.ts';

/** A file as `tcpdump --time-stamp-precision=nano -w -` begins it. */
function fileHeader(magic = 0xa1b23c4d, linkType = 1): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(magic, 0);
  header.writeUInt32LE(linkType, 20);
  return header;
}

/** One packet of 127.0.0.1, as it is in the file: cut after its headers, as `-s` does. */
function frame(
  atSeconds: number,
  atNanoseconds: number,
  protocol: 'tcp' | 'udp',
  ports: [number, number],
  payloadBytes: number,
  flags = 0x10,
): Buffer {
  const headerBytes = protocol === 'tcp' ? 32 : 8;
  const bytes = Buffer.alloc(16 + 14 + 20 + headerBytes);
  bytes.writeUInt32LE(atSeconds, 0);
  bytes.writeUInt32LE(atNanoseconds, 4);
  bytes.writeUInt32LE(bytes.byteLength - 16, 8);
  bytes.writeUInt16BE(0x0800, 16 + 12);
  const ip = 16 + 14;
  bytes.writeUInt8(0x45, ip);
  bytes.writeUInt16BE(20 + headerBytes + payloadBytes, ip + 2);
  bytes.writeUInt8(protocol === 'tcp' ? 6 : 17, ip + 9);
  bytes.writeUInt16BE(ports[0], ip + 20);
  bytes.writeUInt16BE(ports[1], ip + 22);
  if (protocol === 'tcp') {
    bytes.writeUInt8((headerBytes / 4) << 4, ip + 32);
    bytes.writeUInt8(flags, ip + 33);
  }
  return bytes;
}

describe('packets of a file of tcpdump', () => {
  const file = Buffer.concat([
    fileHeader(),
    frame(10, 1_500_000, 'tcp', [40_000, 443], 0, 0x02),
    frame(10, 2_000_000, 'tcp', [443, 40_000], 0, 0x12),
    frame(11, 0, 'udp', [40_001, 53], 33),
  ]);
  const expected: Packet[] = [
    { atMs: 10_001.5, protocol: 'tcp', fromPort: 40_000, toPort: 443, syn: true, payloadBytes: 0 },
    { atMs: 10_002, protocol: 'tcp', fromPort: 443, toPort: 40_000, syn: false, payloadBytes: 0 },
    { atMs: 11_000, protocol: 'udp', fromPort: 40_001, toPort: 53, syn: false, payloadBytes: 33 },
  ];

  test('are read however the file is cut', () => {
    for (const pieceBytes of [1, 7, 24, 100, file.byteLength]) {
      const reader = new PacketReader();
      const packets: Packet[] = [];
      for (let at = 0; at < file.byteLength; at += pieceBytes)
        packets.push(...reader.take(file.subarray(at, at + pieceBytes)));
      expect(packets).toEqual(expected);
    }
  });

  test('with microseconds as well', () => {
    const older = Buffer.concat([fileHeader(0xa1b2c3d4), frame(10, 1_500, 'udp', [1, 2], 3)]);
    expect(new PacketReader().take(older)[0]?.atMs).toBe(10_001.5);
  });

  test('what is no IPv4 is passed over', () => {
    const other = frame(1, 0, 'udp', [1, 2], 3);
    other.writeUInt16BE(0x86dd, 16 + 12);
    expect(new PacketReader().take(Buffer.concat([fileHeader(), other, frame(2, 0, 'udp', [3, 4], 5)]))).toHaveLength(
      1,
    );
  });

  test.each([
    ['no such file', fileHeader(0x12345678)],
    ['not Ethernet', fileHeader(0xa1b23c4d, 113)],
  ])('%s is refused', (_what, header) => {
    expect(() => new PacketReader().take(header)).toThrow("expected packets of Ethernet in libpcap's format");
  });
});

describe('times that follow from packets', () => {
  const packet = (atMs: number, fromPort: number, toPort: number, payloadBytes = 1, syn = false): Packet => ({
    atMs,
    protocol: 'tcp',
    fromPort,
    toPort,
    syn,
    payloadBytes,
  });

  test('a question to a name server and its answer', () => {
    const packets = [packet(1, 53, 9), packet(5, 40_000, 53), packet(17, 53, 40_000)];
    expect(dnsTimeMs(packets, 53)).toBe(12);
    expect(dnsTimeMs(packets.slice(0, 2), 53)).toBeUndefined();
  });

  test('a connection is open when the other side has answered, however often it was asked', () => {
    const packets = [packet(0, 40_000, 80, 0, true), packet(1_000, 40_000, 80, 0, true), packet(1_003, 80, 40_000, 0)];
    expect(handshakeTimeMs(packets, 80)).toBe(1_003);
    expect(handshakeTimeMs(packets.slice(0, 2), 80)).toBeUndefined();
  });

  test('a tunnel: open with the answer to CONNECT, secured when the client has finished', () => {
    const packets = [
      packet(0, 40_000, 3128, 0, true),
      packet(1, 3128, 40_000, 0),
      packet(2, 40_000, 3128, 90),
      packet(22, 3128, 40_000, 20),
      packet(24, 40_000, 3128, 300),
      packet(54, 3128, 40_000, 1_200),
      packet(55, 3128, 40_000, 700),
      packet(57, 40_000, 3128, 80),
      packet(58, 40_000, 3128, 200),
    ];
    expect(tunnelTimes(packets, 3128)).toEqual({ connectMs: 22, tlsMs: 33 });
    expect(tunnelTimes(packets.slice(0, 7), 3128)).toEqual({ connectMs: 22 });
    expect(tunnelTimes([], 3128)).toEqual({});
  });

  test('requests begin with their first packet and end with the first of the answer, each connection for itself', () => {
    const packets = [
      packet(0, 40_000, 80, 0, true),
      packet(1, 40_000, 80),
      packet(2, 40_001, 80),
      packet(5, 40_000, 80),
      packet(9, 80, 40_000),
      packet(10, 80, 40_000),
      packet(12, 80, 40_001),
      packet(20, 40_000, 80),
    ];
    expect(turnsOf(packets, 80).map(({ totalMs }) => totalMs)).toEqual([8, 10]);
  });
});
