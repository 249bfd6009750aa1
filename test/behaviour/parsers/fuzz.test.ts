import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseShard } from '../../../src/cli/shard-flag.ts';
import { parseFlags, UsageError } from '../../../src/cli/flags.ts';
import { ConfigError } from '../../../src/config/problem.ts';
import { readYaml } from '../../../src/config/yaml-source.ts';
import { parseWebConfig } from '../../../src/config/web-config.ts';
import type { Exchange, HttpResponse } from '../../../src/network/exchange.ts';
import { isAllowedHost } from '../../../src/network/hosts.ts';
import { answeredBy } from '../../../src/probe/judge/answered-by.ts';
import { classify } from '../../../src/probe/judge/classify.ts';
import { noContext } from '../../../src/probe/judge/facts.ts';
import { decodeRecord, encodeRecord, type LedgerEntry } from '../../../src/probe/leftovers/ledger-entry.ts';
import { AuthError } from '../../../src/registry/auth/auth-error.ts';
import { resolveRealm } from '../../../src/registry/auth/realm.ts';
import { parseTokenReply } from '../../../src/registry/auth/token-reply.ts';
import { ProtocolError, registryErrors } from '../../../src/registry/errors.ts';
import { nextLocation, withDigest } from '../../../src/registry/location.ts';
import { nextPage, readNames } from '../../../src/registry/lists.ts';
import { acknowledgedBytes, readUploadRange } from '../../../src/registry/range.ts';
import { retryAfterMs } from '../../../src/registry/resend.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { acceptsGzip, negotiateFormat } from '../../../src/server/accept.ts';
import { parseListenAddress } from '../../../src/server/listen.ts';
import { buildServer } from '../../../src/server/server.ts';
import { serverDeps } from '../../support/server-fixtures.ts';
import { pathTo } from '../../support/paths.ts';

// Challenges, sizes, durations, bit rates, YAML, Docker configurations and torn ledgers are fuzzed beside their own tests.

const path = pathTo('https://registry.example.org', { allowHosts: ['auth.example.org:8443'] });

function exchangeOf(response: Partial<HttpResponse>): Exchange {
  const body = response.body ?? new Uint8Array();
  return {
    method: 'POST',
    url: new URL('https://registry.example.org/v2/a/b/blobs/uploads/'),
    requestHeaders: { authorization: 'Basic dXNlcjpwYXNzd29yZA==' },
    plannedBytes: 0,
    offeredBytes: 0,
    sentBytes: 0,
    declaredLength: false,
    startedAtMs: 0,
    endedAtMs: 1,
    socketReused: false,
    early: false,
    response: { status: 202, headers: {}, body, bodyBytes: body.byteLength, complete: true, ...response },
  };
}

/** Header values as they come from the wire: bytes as Latin-1, whatever they mean. */
const latin1 = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
/** Strings of the pieces of which such texts are made. */
const made = (...pieces: string[]): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4 })), { maxLength: 14 })
    .map((all) => all.join(''));
const text = (...pieces: string[]): fc.Arbitrary<string> => fc.oneof(fc.string(), latin1, made(...pieces));

const urlPieces = [
  'http://',
  'https://',
  '//',
  '\\\\',
  '/',
  '?',
  '#',
  '@',
  ':',
  '.',
  '..',
  '%',
  '[',
  ']',
  '::1',
  '127.0.0.1',
  '169.254.169.254',
  'registry.example.org',
  'auth.example.org:8443',
  '8443',
  'user:pw',
  '%2e',
  '%0d%0a',
  '\t',
  ' ',
  'é',
  '①',
  'javascript:',
];

/** What a parser may do: return, or throw one of these. */
function returnsOr(errors: readonly (abstract new (...args: never[]) => Error)[], work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (errors.some((one) => error instanceof one)) return true;
    throw error;
  }
}

interface Parser {
  readonly inputs: fc.Arbitrary<string>;
  readonly errors?: readonly (abstract new (...args: never[]) => Error)[];
  readonly parse: (input: string) => unknown;
}

const rangePieces = ['bytes=', '0-0', '0--1', '-', '0', '9999999999999999999', ' ', '1', ',', '*/'];
const jsonPieces = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  'null',
  '1e999',
  '\\u0000',
  '"errors"',
  '"code"',
  '"token"',
  '"tags"',
  '"expires_in"',
  '-1',
  '"issued_at"',
];
const linkPieces = ['<', '>', ';', 'rel', '=', '"', 'next', ',', ' ', '/v2/', ...urlPieces];
const body = (input: string): Uint8Array => Buffer.from(input);
const yamlPieces = [
  'basic_auth_users:',
  'tls_server_config:',
  ' ',
  '\n',
  '{',
  '}',
  '&a',
  '*a',
  '- ',
  '"',
  '$2y$10$',
  'null',
  ': ',
  'cert_file',
  '!!',
  '0x',
  '<<',
];

const parsers: Readonly<Record<string, Parser>> = {
  Range: { inputs: text(...rangePieces), parse: (input) => acknowledgedBytes(readUploadRange(input), 100) },
  Location: {
    inputs: text(...urlPieces),
    errors: [ProtocolError],
    parse: (input) =>
      withDigest(nextLocation({ path }, exchangeOf({ headers: { location: [input] } }), 'start'), 'sha256:0'),
  },
  realm: {
    inputs: text(...urlPieces),
    errors: [AuthError],
    parse: (input) => resolveRealm(path, exchangeOf({}), input, () => {}),
  },
  Link: {
    inputs: text(...linkPieces),
    errors: [ProtocolError],
    parse: (input) => nextPage(path, exchangeOf({ headers: { link: [input] } })),
  },
  'Retry-After': {
    inputs: text('1', '99999999999', 'Fri, 31 Dec 1999 23:59:59 GMT', '-', '.', 'e9'),
    parse: (input) => retryAfterMs(input, 0),
  },
  'token reply': {
    inputs: fc.oneof(text(...jsonPieces), fc.json()),
    errors: [AuthError],
    parse: (input) => parseTokenReply(exchangeOf({ status: 200, body: body(input) }), clientProfiles.docker.tokens, 0),
  },
  'error body': {
    inputs: fc.oneof(text(...jsonPieces), fc.json()),
    parse: (input) => registryErrors(exchangeOf({ body: body(input) })),
  },
  'list of names': {
    inputs: fc.oneof(text(...jsonPieces), fc.json()),
    parse: (input) => readNames(body(input), 'tags'),
  },
  'answer as a whole': {
    inputs: fc.oneof(text(...jsonPieces, ...urlPieces, '<center>nginx</center>', 'sha256:'), fc.json()),
    parse: (input) => {
      const headers = Object.fromEntries(
        ['location', 'server', 'range', 'via', 'cf-ray', 'content-type', 'www-authenticate'].map((name) => [
          name,
          [input],
        ]),
      );
      const exchange = exchangeOf({ status: 500, headers, body: body(input) });
      answeredBy(exchange);
      const error = new ProtocolError({ step: 'send', problem: 'unexpected_status', exchange, message: input });
      const failure = classify(error, { ...noContext, step: 'send' });
      expect(failure.reason).not.toBe('internal');
      expect(Buffer.byteLength(JSON.stringify(failure.evidence))).toBeLessThan(8 * 1024);
    },
  },
  'ledger line': {
    inputs: fc.oneof(text(...jsonPieces, '"id"', '"session"', '"kind"'), fc.json()),
    parse: decodeRecord,
  },
  'web configuration': {
    inputs: text(...yamlPieces),
    errors: [ConfigError],
    parse: (input) => parseWebConfig(input, '/web.yml'),
  },
  'listen address': {
    inputs: text('[', ']', ':', '::1', '127.0.0.1', '0', '65536', '%eth0', 'localhost'),
    errors: [Error],
    parse: parseListenAddress,
  },
  shard: { inputs: text('/', '0', '1', '-', '9999999999'), errors: [UsageError], parse: parseShard },
  flags: {
    inputs: text('--', '=', 'a', '-', '--a=', 'toString', '__proto__'),
    errors: [UsageError],
    parse: (input) => parseFlags(input.split(' '), { a: { kind: 'text', help: '' }, b: { kind: 'switch', help: '' } }),
  },
  Accept: {
    inputs: text(
      'application/openmetrics-text',
      'text/plain',
      ';',
      ',',
      'q=',
      '0.5',
      'version=',
      '1.0.0',
      '*/*',
      'gzip',
      '"',
    ),
    parse: (input) => [negotiateFormat(input), acceptsGzip(input)],
  },
};

describe.each(Object.entries(parsers))('%s', (_name, { inputs, errors = [], parse }) => {
  test('never throws but what it says', () => {
    const property = fc.property(inputs, (input) => returnsOr(errors, () => parse(input)));
    const { counterexample, errorInstance } = fc.check(property, { numRuns: 500 });
    expect([counterexample, errorInstance]).toEqual([null, null]);
  });

  test('takes no longer for what is long and made to be slow', () => {
    const piece = fc.sample(inputs, { numRuns: 40, seed: 1 });
    for (const one of [
      ...piece,
      '<',
      '"',
      '\\',
      ' ',
      '(',
      ',',
      ';',
      '=',
      '[',
      '{',
      '-',
      '1',
      '%',
      '\t',
      '"\\',
      '<;',
      'a=',
    ]) {
      const long = one === '' ? '' : one.repeat(Math.ceil(10_000 / one.length));
      // Of the processor, not of the clock: others work on this machine, too.
      const before = process.cpuUsage();
      returnsOr(errors, () => parse(long));
      const { user, system } = process.cpuUsage(before);
      expect([one, (user + system) / 1_000]).toEqual([one, expect.toSatisfy((ms: number) => ms < 1_500)]);
    }
  });
});

test.each(['[', '{', '{a: [', '- ', '? ', ' - ', '[{'])(
  'YAML of %j, nested beyond all measure, is refused and aborts nothing',
  (one) => {
    const text = one.repeat(40_000);
    const { problems } = readYaml(text, 'deep.yaml');
    expect(problems[0]?.message).toBe('expected at most 100 levels of nesting, got more');
  },
);

test('block maps nested by a blank each are refused, too', () => {
  const text = Array.from({ length: 3_000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n');
  expect(readYaml(text, 'deep.yaml').problems).toHaveLength(1);
  expect(readYaml('a: [[1], {b: [2]}]\n', 'flat.yaml').problems).toEqual([]);
});

describe('what comes through', () => {
  test('a Location or realm leads to an allowed host, and holds no credentials and no line break', () => {
    const seen: URL[] = [];
    fc.assert(
      fc.property(text(...urlPieces), (input) => {
        for (const parse of [parsers['Location']?.parse, parsers['realm']?.parse]) {
          try {
            seen.push(parse?.(input) as URL);
          } catch {
            // Refused.
          }
        }
      }),
      { numRuns: 2_000 },
    );
    expect(seen.length).toBeGreaterThan(100);
    for (const url of seen) {
      expect([url.href, isAllowedHost(path, url), url.protocol]).toEqual([url.href, true, 'https:']);
      expect(['registry.example.org', 'auth.example.org:8443']).toContain(url.host);
      expect(url.username + url.password).toBe('');
      expect(url.href).toMatch(/^[\x21-\x7e]+$/);
    }
  });

  test('a Range is what was written', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (start, length) => {
        const range = { start, end: start + length };
        expect(readUploadRange(`${range.start}-${range.end}`)).toEqual({ kind: 'range', range });
        expect(readUploadRange(`bytes=${range.start}-${range.end}`)).toEqual({ kind: 'range', range });
      }),
    );
  });

  test('a wait of a server is never longer than a day, nor shorter than nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.integer().map(String),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        ),
        (value) => {
          const ms = retryAfterMs(value, 0);
          expect(ms === undefined || (ms >= 0 && ms <= 86_400_000)).toBe(true);
        },
      ),
    );
  });

  test('a line of the ledger is read as it was written', () => {
    const name = fc.stringMatching(/^[a-z0-9]{1,20}$/);
    const session: fc.Arbitrary<LedgerEntry> = fc.record({
      id: fc.uuid(),
      kind: fc.constant('session' as const),
      state: fc.constant('open' as const),
      registry: name,
      repository: name,
      path: name,
      origin: fc.constant('https://registry.example.org'),
      createdAt: fc.nat(),
      tries: fc.nat(),
      nextTryAt: fc.nat(),
      location: fc.stringMatching(/^https:\/\/[a-z]{1,9}\/[a-z0-9]{0,9}(\?_state=[A-Za-z0-9%=-]{0,20})?$/),
    });
    fc.assert(
      fc.property(session, (entry) => {
        expect(decodeRecord(encodeRecord({ entry }))).toEqual({ entry });
      }),
    );
  });

  test('a listen address is what was written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.domain()), fc.ipV6(), fc.nat(65_535), (host, host6, port) => {
        expect(parseListenAddress(`${host}:${port}`)).toEqual({ host, port });
        expect(parseListenAddress(`[${host6}]:${port}`)).toEqual({ host: host6, port });
        expect(parseListenAddress(`:${port}`)).toEqual({ port });
      }),
    );
  });
});

describe('requests to our own server', () => {
  test('of any query get an answer that is not our fault, and never more than 4 MB', async () => {
    const asked: unknown[] = [];
    const app = buildServer(
      serverDeps({
        onDemand: { start: (request) => (asked.push(request), { kind: 'refused', message: 'no' }) },
        pause: { state: () => undefined, pause: () => ({ error: 'no' }), resume: () => {} },
      }),
    );
    const query = text(
      'registry=',
      'path=',
      '&',
      '=',
      'size=',
      '10MiB',
      'debug',
      'limit=',
      '-1',
      '1e9',
      '%',
      '%zz',
      '+',
      '[]',
      'failures',
      'format=markdown',
      'for=',
      '1h',
    );
    const urls = [
      '/probe',
      '/runs',
      '/report',
      '/api/v1/runs',
      '/api/v1/report',
      '/api/v1/status',
      '/metrics',
      '/runs/x',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...urls),
        query,
        fc.dictionary(
          fc.constantFrom('accept', 'accept-encoding', 'x-prometheus-scrape-timeout-seconds', 'origin'),
          latin1,
        ),
        async (url, search, headers) => {
          const answer = await app.inject({ url: `${url}?${encodeURI(Buffer.from(search).toString())}`, headers });
          expect(answer.statusCode).toBeLessThan(500);
          expect(answer.rawPayload.length).toBeLessThan(4 * 1024 * 1024);
        },
      ),
      { numRuns: 300 },
    );
    expect(asked.length).toBeGreaterThan(0);
    await app.close();
  });

  test('with any body are refused or understood', async () => {
    const app = buildServer(serverDeps({ onDemand: { start: () => ({ kind: 'refused', message: 'no' }) } }));
    const headers = { 'content-type': 'application/json' };
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), text(...jsonPieces, '"__proto__"', '"registry"')), async (payload) => {
        const answer = await app.inject({ method: 'POST', url: '/api/v1/run', headers, payload });
        expect(answer.statusCode).toBe(400);
        expect(JSON.stringify(answer.json === undefined ? {} : answer.body)).not.toContain(' at ');
      }),
      { numRuns: 300 },
    );
    await app.close();
  });
});
