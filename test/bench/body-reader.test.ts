import { describe, expect, test } from 'vitest';
import { BodyReader } from '../../bench/body-reader.ts';

const chunked = 'PATCH /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\n\r\n\n\r\n0\r\n\r\n';
const declared = 'PUT /b HTTP/1.1\r\nContent-Length: 4\r\n\r\n\r\n\r\n';
const bare = 'HEAD /c HTTP/1.1\r\nHost: a\r\n\r\n';

function requestsIn(pieces: readonly Buffer[]): string[] {
  const requests: string[] = [];
  const reader = new BodyReader(({ method, target }, bytes) => requests.push(`${method} ${target} ${bytes}`));
  for (const piece of pieces) reader.take(piece);
  return requests;
}

describe('the reader of the sink', () => {
  const bytes = Buffer.from(chunked + declared + bare);
  const wanted = ['PATCH /a 8', 'PUT /b 4', 'HEAD /c 0'];

  test('finds each request and the bytes of its body, however it is framed', () => {
    expect(requestsIn([bytes])).toEqual(wanted);
  });

  test('and wherever the stream is cut', () => {
    for (let at = 1; at < bytes.length; at += 1)
      expect(requestsIn([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(wanted);
    expect(requestsIn(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(wanted);
  });

  test('a body that has not come in full is no request yet', () => {
    expect(requestsIn([Buffer.from(declared.slice(0, -1))])).toEqual([]);
    expect(requestsIn([Buffer.from(chunked.slice(0, -2))])).toEqual([]);
  });
});
