import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { AnswerHead } from '../../src/network/answer-head.ts';

/** What the readers of a socket get of these pieces, `null` for the end, and how the socket ended. */
function reading(...pieces: readonly (string | null)[]) {
  const socket = new Socket();
  const passed: (string | null)[] = [];
  socket.push = (chunk: Uint8Array | null) => {
    passed.push(chunk === null ? null : Buffer.from(chunk).toString('latin1'));
    return true;
  };
  let ending: unknown;
  socket.destroy = (error) => {
    ending = error;
    return socket;
  };
  const head = new AnswerHead(socket);
  const push = (...more: readonly (string | null)[]): void => {
    for (const piece of more) socket.push(piece === null ? null : Buffer.from(piece, 'latin1'));
  };
  head.expect();
  push(...pieces);
  const facts = () => {
    const { informational, oddities, beginning } = head.facts;
    return { informational, oddities, beginning: beginning && Buffer.from(beginning).toString('latin1') };
  };
  return { head, push, passed, facts, ending: () => ending };
}

const ok = 'HTTP/1.1 200 OK\r\nA: b\r\n\r\n';
const processing = 'HTTP/1.1 102 Processing\r\n\r\n';

describe('what goes on to the readers', () => {
  test.each<[string, string[], string[]]>([
    ['a head with what follows it', [`${ok}body`], [`${ok}body`]],
    [
      'a head in pieces, once it is whole, and its body as it comes',
      ['HTT', 'P/1.1 200 OK\r\nA: b\r', '\n', '\r', '\nbo', 'dy'],
      [`${ok}bo`, 'dy'],
    ],
    ['bytes that are no letters', [`${ok}\u00ff\u0000`], [`${ok}\u00ff\u0000`]],
    ['what is no HTTP, at once', ['SSH-2.0', '-x'], ['SSH-2.0', '-x']],
    ['what was not said to be HTTP/1', ['HTTP/2 200 OK\r\n', '\r\n'], ['HTTP/2 200 OK\r\n', '\r\n']],
    ['no empty lines before it', ['\r\n', '\n\r\n', `\r\n${ok}`], [ok]],
    ['no informational answers', [processing + processing, 'HTTP/1.1 103 Early', ` Hints\r\n\r\n${ok}`], [ok]],
    [
      'a 101, which ends in another protocol',
      ['HTTP/1.1 101 Switching\r\n\r\n', 'x'],
      ['HTTP/1.1 101 Switching\r\n\r\n', 'x'],
    ],
    ['a status of four digits', ['HTTP/1.1 1020 No\r\n\r\n'], ['HTTP/1.1 1020 No\r\n\r\n']],
    [
      'a carriage return that begins a line',
      ['HTTP/1.1 200 OK\r\n\rX', ': y\r\n\r\n'],
      ['HTTP/1.1 200 OK\r\n\rX: y\r\n\r\n'],
    ],
    ['a 102 of HTTP/1.0, with blanks', [`HTTP/1.0  102 P\r\n\r\n${ok}`], [ok]],
  ])('%s', (_what, pieces, expected) => {
    expect(reading(...pieces).passed).toEqual(expected);
  });

  test('all that was held back, at the end of the connection, and the end after it', () => {
    expect(reading('HTTP/1.1 20', null).passed).toEqual(['HTTP/1.1 20', null]);
    expect(reading(null).passed).toEqual([null]);
    expect(reading(processing, null).passed).toEqual([null]);
  });

  test('all, before the first request', () => {
    const socket = new Socket();
    const passed: unknown[] = [];
    socket.push = (chunk) => passed.push(chunk) > 0;
    expect(new AnswerHead(socket).facts.beginning).toBeUndefined();
    for (const piece of ['HTTP/1.1 1', 'H']) socket.push(Buffer.from(piece));
    expect(passed).toEqual([Buffer.from('HTTP/1.1 1'), Buffer.from('H')]);
  });

  test('all, where no answer is due', () => {
    const { head, push, passed, facts } = reading(ok);
    push('HTTP/1.1 1', null);
    expect(passed).toEqual([ok, 'HTTP/1.1 1', null]);
    expect(facts()).toEqual({ informational: 0, oddities: [], beginning: ok });
    head.expect();
    expect(facts()).toEqual({ informational: 0, oddities: [], beginning: undefined });
    push(processing, 'HTTP/1.1 2');
    expect(facts()).toEqual({ informational: 1, oddities: [], beginning: 'HTTP/1.1 2' });
    head.expect();
    push('HTTP/1.1 404 No\n\n');
    expect(facts()).toEqual({ informational: 0, oddities: ['bare line feeds'], beginning: 'HTTP/1.1 404 No\n\n' });
    head.expect();
    push(ok);
    expect(facts()).toEqual({ informational: 0, oddities: [], beginning: ok });
    expect(passed.slice(-2)).toEqual(['HTTP/1.1 404 No\r\n\r\n', ok]);
  });
});

describe('a head that Go and curl read', () => {
  const start = 'HTTP/1.1 200 OK\r\n';
  test.each<[string, string, string, string[]]>([
    [
      'a line feed alone in the first line',
      'HTTP/1.1 200 OK\nA: b\r\n\r\n',
      `${start}A: b\r\n\r\n`,
      ['bare line feeds'],
    ],
    ['a line feed alone at the end', `${start}A: b\r\n\n`, `${start}A: b\r\n\r\n`, ['bare line feeds']],
    ['a fold with a tab', `${start}A: b\r\n\t c \r\nD: e\r\n\r\n`, `${start}A: b c\r\nD: e\r\n\r\n`, ['folded header']],
    ['a fold of nothing', `${start} c\r\nD: e\r\n\r\n`, `${start} c\r\nD: e\r\n\r\n`, []],
    ['letters of Latin-1', `${start}A: \u00e4\r\n\r\n`, `${start}A: \u00e4\r\n\r\n`, []],
    [
      'such letters beside a line feed alone',
      'HTTP/1.1 200 OK\nA: \u00e4\r\n\r\n',
      `${start}A: \u00e4\r\n\r\n`,
      ['bare line feeds'],
    ],
    [
      'a carriage return within a line',
      'HTTP/1.1 200 OK\nA: b\rc\r\n\r\n',
      `${start}A: b\rc\r\n\r\n`,
      ['bare line feeds'],
    ],
    ['a line of one letter', `${start}a\nB: c\r\n\r\n`, `${start}a\r\nB: c\r\n\r\n`, ['bare line feeds']],
    [
      'a field that speaks of another answer',
      `${start}A: HTTP/1.1 102 P\r\n\r\n`,
      `${start}A: HTTP/1.1 102 P\r\n\r\n`,
      [],
    ],
    [
      'a name that ends like a length, beside chunks',
      `${start}X-Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      `${start}X-Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      [],
    ],
    ['two folds', `${start}A: b\r\n c\r\n d\r\n\r\n`, `${start}A: b c d\r\n\r\n`, ['folded header']],
    [
      'one length twice, in other letters',
      `${start}Content-Length: 1\r\nX: y\r\ncontent-length:1 \r\n\r\n`,
      `${start}Content-Length: 1\r\nX: y\r\n\r\n`,
      ['repeated length'],
    ],
    [
      'two lengths',
      `${start}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      `${start}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      [],
    ],
    [
      'chunks and a length',
      `${start}Transfer-Encoding: gzip, Chunked \r\nContent-Length: 1\r\n\r\n`,
      `${start}Transfer-Encoding: gzip, Chunked \r\n\r\n`,
      ['length beside chunks'],
    ],
    [
      'chunks and two lengths',
      `${start}Content-Length: 1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      `${start}Transfer-Encoding: chunked\r\n\r\n`,
      ['length beside chunks'],
    ],
    [
      'another coding and a length',
      `${start}Transfer-Encoding: chunked, gzip\r\nContent-Length: 1\r\n\r\n`,
      `${start}Transfer-Encoding: chunked, gzip\r\nContent-Length: 1\r\n\r\n`,
      [],
    ],
    [
      'names that only end, or speak, of these',
      `${start}X-Transfer-Encoding: chunked\r\nX-Content-Length: 1\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\n`,
      `${start}X-Transfer-Encoding: chunked\r\nX-Content-Length: 1\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\n`,
      [],
    ],
  ])('%s', (_what, head, expected, oddities) => {
    const { passed, facts } = reading(`${head}\n body`);
    expect(passed).toEqual([`${expected}\n body`]);
    expect(facts()).toMatchObject({ oddities });
  });
});

describe('bounds', () => {
  const most = 256 * 1024;
  const long = (bytes: number): string => `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(bytes - 20)}`;

  test('a head of 256 KiB is waited for, and no longer one', () => {
    const { push, passed, facts, ending } = reading(long(most));
    expect([passed, ending()]).toEqual([[], undefined]);
    push('x');
    expect(passed).toEqual([]);
    expect(ending()).toMatchObject({ code: 'UND_ERR_HEADERS_OVERFLOW', message: 'the head of the answer is too long' });
    expect(facts()).toMatchObject({ informational: 0, beginning: long(512) });
  });

  test('a long body in one piece with its head counts for nothing', () => {
    const { passed, ending } = reading(ok + 'x'.repeat(most));
    expect([passed.join('').length, ending()]).toEqual([ok.length + most, undefined]);
  });

  test('informational answers count together, by number', () => {
    const { push, passed, ending } = reading(...Array.from({ length: 4_096 }, () => processing));
    expect([passed, ending()]).toEqual([[], undefined]);
    push(processing);
    expect(passed).toEqual([]);
    expect(ending()).toMatchObject({
      code: 'INFORMATIONAL_FLOOD',
      message: 'too many informational answers before the answer itself',
    });
  });

  test('and by their bytes', () => {
    const one = `HTTP/1.1 103 E\r\nA: ${'x'.repeat(128 * 1024 - 23)}\r\n\r\n`;
    const { push, ending } = reading(one, one + ok);
    expect([2 * one.length, ending()]).toEqual([most, undefined]);
    expect(reading(one, `${one.slice(0, -4)}x\r\n\r\n${ok}`).ending()).toMatchObject({ code: 'INFORMATIONAL_FLOOD' });
    push('body');
    expect(ending()).toBeUndefined();
  });
});
