import { expect, test } from 'vitest';
import { base, bodyBytes, numberIn, ofNginx, traefikBytes, withoutQuery } from '../../../src/probe/explain/log-line.ts';

test.each([
  ['/v2/a/blobs/uploads/1?_state=secret', '/v2/a/blobs/uploads/1'],
  ['/v2/a#secret?x', '/v2/a'],
  ['https://user:secret@git.example.org/v2/?a=b\nc', 'https://git.example.org/v2/'],
  ['https://git.example.org/v2/a@b', 'https://git.example.org/v2/a@b'],
  ['/v2/a@b', '/v2/a@b'],
  ['/v2/https://user@b', '/v2/https://user@b'],
])('%j is shown as %s', (uri, shown) => {
  expect(withoutQuery(uri)).toBe(shown);
});

test.each([
  ['413', 413],
  ['0.5', 0.5],
  ['0', 0],
  ['-', undefined],
  ['', undefined],
  [' ', undefined],
  ['Infinity', undefined],
  [undefined, undefined],
])('the number in %j is %s', (text, value) => {
  expect(numberIn(text)).toBe(value);
});

test('what an access log says of a request, of one whose client went away, and of nothing', () => {
  const fields = { method: 'PATCH', uri: '/v2/?x', status: '413', agent: 'docker/29' };
  expect(base(fields)).toEqual({
    method: 'PATCH',
    uri: '/v2/',
    status: 413,
    clientGone: false,
    userAgent: 'docker/29',
  });
  for (const status of ['499', '0'])
    expect(base({ ...fields, status })).toMatchObject({ status: undefined, clientGone: true });
  expect(base({ agent: '-' })).toEqual({ method: '', uri: '', clientGone: false });
});

test.each([
  ['400', '0', true],
  ['400', '157', false],
  ['413', '0', false],
])("nginx's %s with %s bytes is of a client that went away: %s", (status, bytes, clientGone) => {
  const read = ofNginx({ status, bytes });
  expect([read.clientGone, read.status]).toEqual([clientGone, clientGone ? undefined : Number(status)]);
});

test.each([
  [undefined, undefined],
  [8_192, undefined],
  [8_193, 8_193],
])('a request of %s bytes had a body of %s', (length, bytes) => {
  expect(bodyBytes(length)).toBe(bytes);
});

test("Traefik's own answers are as long as their words", () => {
  expect([...traefikBytes]).toEqual([
    [502, 'Bad Gateway'.length],
    [504, 'Gateway Timeout'.length],
  ]);
});
