import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ResponseReader } from '../../src/network/response-reader.ts';

const mebibyte = 1024 * 1024;

describe('a body that nobody streams', () => {
  test('is kept so far, and counted to its end', () => {
    const reader = new ResponseReader(5, {});
    expect(reader.finish(true)).toBeUndefined();
    reader.start(500, { 'X-One': 'a', 'x-two': ['b', 'c'], 'x-none': undefined });
    for (const piece of ['abc', 'def', 'ghi']) expect(reader.take(Buffer.from(piece))).toBe(true);
    expect(reader.finish(false)).toEqual({
      status: 500,
      headers: { 'x-one': ['a'], 'x-two': ['b', 'c'], 'x-none': [] },
      body: Buffer.from('abcde'),
      bodyBytes: 9,
      complete: false,
    });
    expect(reader.finish(true)?.complete).toBe(true);
  });

  test('may have 4 MiB', () => {
    const reader = new ResponseReader(5, {});
    reader.start(200, {});
    expect(reader.take(Buffer.alloc(4 * mebibyte))).toBe(true);
    expect(reader.take(Buffer.alloc(1))).toBe(false);
    expect([reader.streams, reader.hasEnough]).toEqual([false, false]);
  });
});

describe('a body that is streamed', () => {
  function streamed(status: number, wanted: number, responseLimitBytes?: number) {
    const seen: unknown[] = [];
    const reader = new ResponseReader(5, {
      responseLimitBytes,
      onResponseChunk: (chunk, head) => {
        seen.push([Buffer.from(chunk).toString(), head.status, head.headers]);
        return seen.length < wanted;
      },
    });
    expect(reader.streams).toBe(false);
    reader.start(status, { 'x-a': 'b' });
    return { reader, seen, take: (text: string) => reader.take(Buffer.from(text)) };
  }
  const headers = { 'x-a': ['b'] };

  test('goes to who wants it, with its head, until he has enough', () => {
    const { reader, seen, take } = streamed(206, 2);
    expect(reader.streams).toBe(true);
    expect([take('ab'), reader.hasEnough, take('c'), reader.hasEnough]).toEqual([true, false, false, true]);
    expect(seen).toEqual([
      ['ab', 206, headers],
      ['c', 206, headers],
    ]);
    expect(reader.finish(true)).toMatchObject({ body: Buffer.alloc(0), bodyBytes: 3 });
  });

  test('has no end of its own, but for the one that was asked for', () => {
    const endless = streamed(200, 9);
    expect(endless.reader.take(Buffer.alloc(5 * mebibyte))).toBe(true);
    const bounded = streamed(200, 9, 3);
    expect([bounded.take('abc'), bounded.take('d'), bounded.reader.hasEnough]).toEqual([true, false, false]);
  });

  test.each([
    [299, true],
    [300, false],
    [404, false],
  ])('of status %d: %s', (status, streams) => {
    const { reader, seen, take } = streamed(status, 9);
    expect([reader.streams, take('page'), seen.length]).toEqual([streams, true, streams ? 1 : 0]);
    expect(reader.finish(true)?.body).toEqual(Buffer.from(streams ? '' : 'page'));
  });
});

describe('a body in gzip', () => {
  const read = (bytes: Uint8Array, maxBytes: number, coding: string | string[] | undefined): string | undefined => {
    const reader = new ResponseReader(maxBytes, {});
    reader.start(200, { 'content-encoding': coding });
    if (bytes.byteLength > 0) reader.take(bytes);
    return Buffer.from(reader.finish(true)?.body ?? []).toString('latin1');
  };
  const packed = gzipSync('plain words');
  const asItCame = packed.toString('latin1');

  test.each<[string, string | undefined, Uint8Array, number, string]>([
    ['is read', 'gzip', packed, 1000, 'plain words'],
    ['is read however its name is written', ' GZip ', packed, 1000, 'plain words'],
    ['of another coding stays', 'deflate', packed, 1000, asItCame],
    ['that does not say so stays', undefined, packed, 1000, asItCame],
    ['that is none stays', 'gzip', Buffer.from('words'), 1000, 'words'],
    ['of which not all was kept stays', 'gzip', packed, packed.length - 1, asItCame.slice(0, -1)],
    ['of which all was kept is read', 'gzip', packed, packed.length, 'plain words'],
    ['of nothing stays', 'gzip', Buffer.alloc(0), 1000, ''],
  ])('%s', (_what, coding, bytes, maxBytes, text) => {
    expect(read(bytes, maxBytes, coding)).toBe(text);
  });

  test('that is longer unpacked than anybody keeps stays', () => {
    const bomb = gzipSync(Buffer.alloc(10_000));
    expect(read(bomb, 9_999, 'gzip')).toBe(bomb.toString('latin1'));
    expect(read(bomb, 10_000, 'gzip')).toHaveLength(10_000);
  });
});
