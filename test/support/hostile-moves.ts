import { gzipSync } from 'node:zlib';
import { drip, type Scene, type Script } from './scripted-registry.ts';
import { spellings } from './spellings.ts';

/** What hostile servers do, as data: each test says to which requests. A move that is new is tried by all that use its table. */
export type Moves<Name extends string = string> = Readonly<Record<Name, Script>>;

/** The head of an answer, line by line. */
export const head = (status: string, ...headers: string[]): string =>
  `HTTP/1.1 ${status}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;
export const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

const chunked = 'Transfer-Encoding: chunked';
const location = 'Location: /v2/probe/blobs/blobs/uploads/1';
const empty = 'Content-Length: 0';
/** 64 MiB in 64 KiB. */
const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
const bombed = (status: string, bytes = bomb): readonly [string, Buffer] => [
  head(status, 'Content-Encoding: gzip', `Content-Length: ${bytes.length}`),
  bytes,
];
const repeated = (count: number, line: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => line(index));

/** The request is read, and answered so. */
export function answered(...parts: (string | Uint8Array)[]): Script {
  return async (scene) => {
    await scene.read();
    for (const part of parts) await scene.raw(part);
  };
}

/** This, and then the same part as often as the peer takes it. */
function forEver(first: string, part: string, everyMs = 0): Script {
  return async (scene) => {
    await scene.read();
    await scene.raw(first);
    await drip(scene, part, everyMs);
  };
}

/** Answers that break framing, have no end, or never come, whatever was asked. */
export const wireMoves = {
  'headers without end': forEver('HTTP/1.1 202 Accepted\r\n', `X-A: ${'a'.repeat(8000)}\r\n`),
  'one header without end': forEver('HTTP/1.1 202 Accepted\r\nX-A: ', 'a'.repeat(16_000)),
  'headers that drip': forEver('HTTP/1.1 202 OK\r\nX: ', 'x', 20),
  'a status line that drips': forEver('HTTP/1.1 202 ', 'O', 20),
  'a huge number of headers': answered(`HTTP/1.1 202 OK\r\n${'a: b\r\n'.repeat(40_000)}\r\n`),
  'a body without end': forEver(head('500 Oops', chunked), chunk('x'.repeat(65_536))),
  'a body that drips': forEver(head('500 Oops', 'Content-Length: 99999'), 'x', 20),
  'a gzip bomb for an error page': answered(...bombed('500 Oops')),
  'a chunk size that is none': answered(`${head('500 Oops', chunked)}zz\r\nabc\r\n`),
  'a chunk size beyond all numbers': answered(`${head('500 Oops', chunked)}${'f'.repeat(40)}\r\nabc`),
  'a chunk extension without end': forEver(`${head('500 Oops', chunked)}1;`, 'a'.repeat(16_000)),
  'trailers without end': forEver(`${head('500 Oops', chunked)}0\r\n`, `X-T: ${'a'.repeat(1000)}\r\n`),
  'two lengths': answered(head('202 OK', location, 'Content-Length: 1', 'Content-Length: 2')),
  // Go and curl read it, and so the answer stands: one without Range, which docker does not take.
  'a length and chunks': answered(`${head('202 OK', location, 'Content-Length: 1', chunked)}0\r\n\r\n`),
  'a negative length': answered(head('202 OK', location, 'Content-Length: -1')),
  'a NUL in a header': answered(head('202 OK', 'Server: a\u0000b', location)),
  'a bare CR in a header': answered(head('202 OK', 'Server: a\rb: c', location)),
  'a header folded into two lines': answered(head('202 OK', location, 'X: a', ' b: c', 'Content-Length: 0')),
  'an upgrade that nobody asked for': answered(head('101 Switching Protocols', 'Upgrade: x', 'Connection: upgrade')),
  'early hints without end': forEver('', head('103 Early Hints', 'Link: </x>; rel=preload').repeat(50)),
  // Passed over, as Go does: the answer after it stands.
  'a continue that nobody asked for': answered(head('100 Continue'), head('202 OK', location, 'Content-Length: 0')),
  'a status of four digits': answered(head('2020 OK', location)),
  'ten thousand lengths': answered(
    head('202 OK', location, ...repeated(10_000, (index) => `Content-Length: ${index}`)),
  ),
  'a length beyond all numbers': answered(head('202 OK', location, `Content-Length: ${'9'.repeat(30)}`)),
  'a length with a sign': answered(head('202 OK', location, 'Content-Length: +0')),
  'a list of lengths': answered(head('202 OK', location, 'Content-Length: 1, 2')),
  'a coding that is not known': answered(head('500 Oops', 'Transfer-Encoding: xchunked'), '0\r\n\r\n'),
  'chunks that are coded again': answered(head('500 Oops', 'Transfer-Encoding: chunked, identity'), '0\r\n\r\n'),
  'a blank before the colon': answered(head('202 OK', location, 'Transfer-Encoding : chunked'), '0\r\n\r\n'),
  'chunks of one byte without end': forEver(head('500 Oops', chunked), chunk('x').repeat(10_000)),
  'empty lines without end': forEver('', '\r\n'.repeat(5_000)),
  'a status of zeros': answered(head('000 OK', location, empty)),
  'no head at all': forEver('', '<html>'.repeat(1_000)),
  'a version that is not there': answered(`HTTP/9.9 202 OK\r\n${location}\r\n${empty}\r\n\r\n`),
  'a reason of 200 KB': answered(head(`500 ${'x'.repeat(200_000)}`, empty)),
  'a header of 250 KB': answered(head('500 Oops', `Server: ${'x'.repeat(250_000)}`, empty)),
  'a header of 250 KB of escapes': answered(head('500 Oops', `Server: ${'%2541&#x26;'.repeat(22_000)}`, empty)),
  'ten thousand cookies': answered(head('500 Oops', ...repeated(10_000, (index) => `Set-Cookie: a${index}=b`), empty)),
  'headers that JavaScript has names for': answered(head('500 Oops', '__proto__: x', 'constructor: y', empty)),
  'two answers to one request': answered(head('500 Oops', empty), head('202 OK', location, empty)),
  'an answer without a body that has one': answered(head('204 No Content', 'Content-Length: 5'), 'hello'),
  'an alert of TLS': answered(Buffer.from([21, 3, 3, 0, 2, 2, 40])),
  'a gzip bomb in a gzip bomb': answered(...bombed('500 Oops', gzipSync(bomb))),
  'gzip that is none': answered(...bombed('500 Oops', Buffer.from('1f8b08000000000000', 'hex'))),
  'a Range beyond all numbers': (scene) =>
    scene.answer(202, { Location: '/v2/probe/blobs/blobs/uploads/1', Range: `0-${'9'.repeat(400)}` }),
  'errors that are no errors': (scene) => scene.answer(400, {}, '{"errors":[null,1,[],{"code":{"a":1},"message":[]}]}'),
  'errors below three thousand brackets': (scene) => scene.answer(400, {}, `{"errors":${'['.repeat(3_000)}`),
  'half a character': (scene) => scene.answer(400, {}, '{"errors":[{"code":"\\ud800","message":"\\udfff"}]}'),
} as const satisfies Moves;

/** 401 with challenges, line by line. */
const challenges = {
  'five thousand challenges': repeated(5_000, () => 'Bearer realm="/token"'),
  'as many in one line': [repeated(5_000, () => 'Bearer realm="/token"').join()],
  'a thousand parameters': [`Bearer ${repeated(1_000, (index) => `a${index}="b"`).join()}`],
  'a quote that does not close': ['Bearer realm="/token'],
  'nothing but quotes': ['"'.repeat(16_000)],
  'nothing but backslashes': [`Bearer realm="${'\\'.repeat(15_999)}"`],
  'nothing but commas': [','.repeat(16_000)],
  'names without values': [`Bearer ${'a='.repeat(8_000)}`],
  'a realm of 15 KB': [`Bearer realm="/${'x'.repeat(15_000)}"`],
  'a realm with a password': ['Bearer realm="http://u:CANARY-pa@127.0.0.2:1/x"'],
  'a scope of 14 KB': [`Bearer realm="/token",scope="${'repository:x:pull '.repeat(800)}"`],
  'names of JavaScript': ['Bearer realm="/token",__proto__="x",constructor="y"'],
  'schemes that nobody speaks': ['Negotiate', 'NTLM TlRMTVNTUAAC'],
} satisfies Readonly<Record<string, readonly string[]>>;

export const challengeMoves: Moves = Object.fromEntries(
  Object.entries(challenges).map(([name, values]) => [
    name,
    answered(head('401 No', ...values.map((value) => `WWW-Authenticate: ${value}`), empty)),
  ]),
);

/** Replies of token services that say odd things of a token, or give an odd one. */
const tokenReplies = {
  'a lifetime below zero': '{"token":"abc","expires_in":-1}',
  'a lifetime of 1e308': '{"token":"abc","expires_in":1e308}',
  'a lifetime beyond all numbers': '{"token":"abc","expires_in":1e999}',
  'a lifetime in words': '{"token":"abc","expires_in":"60"}',
  'issued in the year 9999': '{"token":"abc","issued_at":"9999-12-31T23:59:59Z"}',
  'issued in the year 0': '{"token":"abc","issued_at":"0000-01-01T00:00:00Z"}',
  'issued on no day': '{"token":"abc","issued_at":"2026-99-99T99:99:99Z"}',
  'sixty thousand brackets': `{"token":"abc","x":${'['.repeat(60_000)}${']'.repeat(60_000)}}`,
  'a token of the prototype': '{"__proto__":{"token":"abc"}}',
  'a token of 120 KB': `{"token":"${'a'.repeat(120_000)}"}`,
  'a token of 120 KB of escapes': `{"token":"${'%2541'.repeat(24_000)}"}`,
  'a token that is an object': '{"token":{"a":1}}',
  'two tokens': '{"token":"abc","token":"def"}',
  'a token for terminals': '{"token":"\\u001b[2J"}',
} satisfies Readonly<Record<string, string>>;

export const tokenMoves: Moves = Object.fromEntries(
  Object.entries(tokenReplies).map(([name, text]) => [name, (scene) => scene.answer(200, {}, text)]),
);

/** Bodies that a 2xx answer should not have. What they begin with is JSON of this kind. */
export function bodyMoves(start: string): Moves {
  const ok = head('200 OK', chunked);
  return {
    'without end': forEver(`${ok}${chunk(start)}`, chunk('x'.repeat(65_536))),
    'that drips': forEver(`${ok}${chunk(start)}`, chunk(' '), 20),
    'whose head drips': forEver('HTTP/1.1 200 OK\r\nX: ', 'x', 20),
    'whose head has no end': forEver('HTTP/1.1 200 OK\r\n', `X-A: ${'a'.repeat(8000)}\r\n`),
    'that is a gzip bomb': answered(...bombed('200 OK')),
    'of 100 000 brackets': (scene) => scene.answer(200, {}, '['.repeat(100_000)),
    'of 3 MB of names': (scene) => scene.answer(200, {}, `${start}${'"x",'.repeat(750_000)}`),
    'with a broken chunk': answered(`${ok}zz\r\n${start}\r\n`),
    'with a chunk that never ends': answered(`${ok}ffffffff\r\n${start}`),
    'with two lengths': answered(`${head('200 OK', 'Content-Length: 5', 'Content-Length: 6')}${start}`),
    'with length and chunks': answered(`${head('200 OK', 'Content-Length: 5', chunked)}${chunk(start)}0\r\n\r\n`),
    'with bare line feeds': answered(`HTTP/1.1 200 OK\nContent-Length: 2\n\n{}`),
    async 'shorter than announced'(scene) {
      await answered(`${head('200 OK', 'Content-Length: 1000')}${start}`)(scene);
      scene.end();
    },
    'after a thousand hints': answered(head('103 Early Hints', 'Link: </x>').repeat(1000), head('204 No Content')),
    'in a coding that nobody offered': (scene) => scene.answer(200, { 'Content-Encoding': 'br' }, 'nonsense'),
    'that is binary': (scene) => scene.answer(200, {}, '\u0000\uffff{"'),
  };
}

/** Error pages that repeat a secret and what was sent with it, in every spelling, in body, headers and status line. */
export function echoMoves(secret: string): Moves {
  const told = ({ request }: Scene): string => request.headers.authorization ?? secret;
  const rows = Object.entries(spellings).map(([name, spell]): [string, Script] => [
    `a secret, ${name}`,
    (scene) => scene.answer(403, {}, `<p>${spell(secret)}</p> ${spell(told(scene))}`),
  ]);
  return {
    ...Object.fromEntries(rows),
    'a secret in headers': (scene) =>
      scene.answer(403, { Server: told(scene), Via: told(scene), 'X-Request-Id': told(scene), 'CF-Ray': told(scene) }),
    'a secret in the status line': (scene) => answered(head(`403 ${told(scene)}`, 'Content-Length: 0'))(scene),
    'a secret as a code': (scene) =>
      scene.answer(400, {}, JSON.stringify({ errors: [{ code: secret, message: told(scene), detail: secret }] })),
    'a secret in a Location': (scene) =>
      scene.answer(202, { Location: `/v2/${encodeURIComponent(secret)}?_state=${encodeURIComponent(told(scene))}` }),
    'a secret in a Location to nowhere': (scene) =>
      scene.answer(202, { Location: `http://x.invalid/${encodeURIComponent(secret)}` }),
  };
}

/** What a page would run, or take for its own, if it stood there as it came. */
export const markup = `</pre></title>--></textarea><script>alert(1)</script><img src="http://x.invalid/x" onerror="alert(2)">"'><svg onload=alert(3)>`;

/** What a terminal would do, or a reader of lines take for a line: erase, a title, a link, the other direction, a line of a log. */
const forTerminals = '\u001b[2J\u001b]0;title\u0007\u009b31m\u202e\u2028\r\nlevel=ERROR msg=forged\u0008';

/** Answers with markup wherever a server may write. */
export const markupMoves = {
  'markup in a page': (scene) => scene.answer(403, { 'Content-Type': 'text/html' }, markup),
  'markup in headers': (scene) => scene.answer(502, { Server: markup, Via: markup, 'X-Request-Id': markup }),
  'markup in the status line': answered(head(`403 ${markup}`, 'Content-Length: 0')),
  'markup as a code': (scene) =>
    scene.answer(400, {}, JSON.stringify({ errors: [{ code: markup, message: markup, detail: markup }] })),
  'markup in a Location': (scene) => scene.answer(202, { Location: `/v2/${encodeURI(markup)}?x=${markup}` }),
  'markup as a wait': (scene) => scene.answer(429, { 'Retry-After': markup }),
  'control characters in a page': (scene) => scene.answer(502, {}, `<title>${forTerminals}</title>${forTerminals}`),
  'control characters in headers': answered(
    Buffer.from(head('502 \u001b[2J', 'Server: \u001b[31m\u009b', 'X-Request-Id: \u001b[0m', empty), 'latin1'),
  ),
  'control characters as a code': (scene) =>
    scene.answer(400, {}, JSON.stringify({ errors: [{ code: forTerminals, message: forTerminals }] })),
} as const satisfies Moves;

/** Answers that lead to a place which only the server names. */
export function leadMoves(place: string): Moves {
  return {
    'a Location elsewhere': (scene) => scene.answer(202, { Location: place, Range: '0-9999' }),
    'a redirect elsewhere': (scene) => scene.answer(307, { Location: place }),
    'a redirect in a circle': (scene) => scene.answer(307, { Location: scene.request.url ?? '' }),
    'a realm elsewhere': (scene) => scene.answer(401, { 'WWW-Authenticate': `Bearer realm="${place}"` }),
    'a wait of years': (scene) => scene.answer(429, { 'Retry-After': '999999999' }),
    'a Location of megabytes': answered(head('202 OK', `Location: /${'x'.repeat(1_000_000)}`)),
    'a Location of 200 KB': answered(head('202 OK', `Location: /v2/x?a=${'%41'.repeat(66_000)}`, empty)),
    'thousands of Locations': answered(head('202 OK', ...repeated(5_000, (index) => `Location: /v2/${index}`), empty)),
    'a Location with a password': (scene) => scene.answer(202, { Location: place.replace('//', '//u:p@') }),
    'a Location with a line break': answered(head('202 OK', 'Location: /v2/x%0d%0aX-Evil:%201', empty)),
    'a Location at a host in Unicode': answered(Buffer.from(head('202 OK', 'Location: http://bü.invalid/', empty))),
    'a Location with a zone': answered(head('202 OK', 'Location: http://[fe80::1%25eth0]/x', empty)),
    'a Location at no port': answered(head('202 OK', 'Location: http://127.0.0.1:99999/x', empty)),
    'a redirect between two names of one host': (scene) => {
      const [name, port] = (scene.request.headers.host ?? '').split(':');
      const other = name === 'localhost' ? '127.0.0.1' : 'localhost';
      scene.answer(307, { Location: `http://${other}:${port}${scene.request.url}` });
    },
    'another service': (scene) =>
      scene.answer(202, { 'Alt-Svc': `h2="${new URL(place).host}"`, Refresh: `0;${place}` }),
  };
}
