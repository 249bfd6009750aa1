import { expect, test } from 'vitest';
import { readWrite, takenAtMs, type Write } from '../../bench/truth/writes.ts';

test.each([
  [
    '10.000100 writev(19, [{iov_base="\\r\\n8000\\r\\n", iov_len=8}, {iov_base="\\341\\27"..., iov_len=32768}], 2) = 32776 <0.000400>',
    { descriptor: 19, bytes: 32_776, opensPatch: false },
  ],
  ['10.000300 write(7, "PATCH /v"..., 412) = 412 <0.000200>', { descriptor: 7, bytes: 412, opensPatch: true }],
  [
    '10.000500 sendmsg(3, {msg_name=NULL, msg_iov=[{iov_base="a = 1 <2>"}]}, 0) = 9 <0.000000>',
    { descriptor: 3, bytes: 9, opensPatch: false },
  ],
])('a call that gave the kernel bytes, and when it returned: %s', (line, expected) => {
  const { atMs, ...write } = readWrite(line) as Write;
  expect(write).toEqual(expected);
  expect(atMs).toBeCloseTo(10_000.5, 6);
});

test.each([
  '10.000100 write(19, "a"..., 24081) = -1 EAGAIN (Resource temporarily unavailable) <0.000007>',
  'strace: Process 12 attached',
  '10.000100 write(19, "a"..., 24081 <unfinished ...>',
  '',
])('nothing was given: %s', (line) => {
  expect(readWrite(line)).toBeUndefined();
});

test('bytes of a PATCH are counted on its own descriptor, from its own beginning', () => {
  const write = (atMs: number, descriptor: number, bytes: number, opensPatch = false): Write => ({
    atMs,
    descriptor,
    bytes,
    opensPatch,
  });
  const writes = [
    write(1, 5, 100),
    write(2, 5, 10, true),
    write(3, 6, 10, true),
    write(4, 6, 1_000),
    write(5, 5, 90),
    write(6, 5, 7),
  ];
  expect(takenAtMs(writes, 100, 2)).toBe(5);
  expect(takenAtMs(writes, 107, 2.1)).toBe(6);
  expect(takenAtMs(writes, 108, 2)).toBeUndefined();
  expect(takenAtMs(writes, 1_010, 3)).toBe(4);
  expect(takenAtMs(writes.slice(0, 1), 1, 2)).toBeUndefined();
});
