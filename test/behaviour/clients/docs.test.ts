import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ClientProfile, type WireShape } from '../../../src/probe/clients/client-profile.ts';
import { clientRows } from '../../../src/probe/clients/client-profiles.ts';
import type { Failure } from '../../../src/probe/failure.ts';

const file = new URL('../../../docs/clients.md', import.meta.url);
const clients = clientRows;
const statuses = [404, 408, 413, 429, 500, 502, 503, 504, 520, 524, 530];
const shapes: Readonly<Record<WireShape, readonly [request: string, framing: string]>> = {
  'patch-streamed': ['PATCH, then empty PUT', 'chunked'],
  'patch-length': ['PATCH, then empty PUT', 'Content-Length'],
  'put-length': ['PUT', 'Content-Length'],
  'put-then-ranged': ['PUT; if that fails, ranged PATCHes and empty PUT', 'Content-Length'],
  'patch-ranged': ['ranged PATCHes, then empty PUT', 'Content-Length'],
  'post-length': ['POST with the digest', 'Content-Length'],
};

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}

function before({ ping, headBefore, anonymousMount }: ClientProfile): string {
  const steps = [
    ...(ping === false ? [] : [ping === 'each-attempt' ? 'ping at each attempt' : 'ping']),
    ...(headBefore === false ? [] : [headBefore === 'twice' ? 'HEAD twice' : 'HEAD']),
    anonymousMount ? 'POST ?mount=' : 'POST',
  ];
  return steps.join(', ');
}

function connections({ requestHeaders }: ClientProfile): string {
  return requestHeaders['connection'] === 'close' ? ', a connection each' : '';
}

function seconds(milliseconds: number): string {
  return String(milliseconds / 1000);
}

function waits({ retry }: ClientProfile): string {
  if (retry.maxAttempts === 1) return '–';
  const all = Array.from({ length: retry.maxAttempts - 1 }, (_, index) => retry.delayMs(index + 1, 0));
  const jitter = retry.delayMs(1, 1) > retry.delayMs(1, 0) ? ', up to a tenth more' : '';
  return `${all.map(seconds).join(', ')} s${jitter}`;
}

function failureOf(status: number): Failure {
  return {
    reason: 'unexpected_response',
    phase: 'send',
    answeredBy: 'other',
    blame: 'unknown',
    status,
    sentBytes: 1,
    elapsedMs: 1,
    blob: 'blob',
    evidence: { message: '' },
  };
}

function triesAgain({ retry }: ClientProfile): string {
  const again = retry.maxAttempts === 1 ? [] : statuses.filter((status) => retry.retries(failureOf(status)));
  return again.length === 0 ? '–' : again.join(' ');
}

function sendsAgain({ resend, remembersHost }: ClientProfile, hasBody: boolean): string {
  if (remembersHost !== undefined) return 'by the host, see below';
  const again = statuses.flatMap((status) => {
    const facts = { status, statusBefore: undefined, code: undefined, hasBody, retryAfterMs: undefined, durationMs: 0 };
    const delay = resend?.({ ...facts, sending: 1 });
    let sendings = 1;
    while (resend?.({ ...facts, sending: sendings }) !== undefined) sendings += 1;
    const repeated = resend?.({ ...facts, sending: 2, statusBefore: status });
    return delay === undefined ? [] : [`${status} ×${repeated === undefined ? 1 : sendings - 1} (${seconds(delay)} s)`];
  });
  return again.length === 0 ? '–' : again.join(', ');
}

function goesOn({ resumesAfterMs, resumesAtNextAttempt }: ClientProfile['pull']): string {
  const facts = { newBytes: 1_000_000, resumptions: 0, emptyResumptions: 0 };
  const after = ['UND_ERR_SOCKET', 'ECONNRESET'].flatMap((code) => {
    const delayMs = resumesAfterMs({ ...facts, code }, 0);
    return delayMs === undefined ? [] : [`${code === 'ECONNRESET' ? 'reset' : 'end'} (${seconds(delayMs)} s)`];
  });
  return [...after, ...(resumesAtNextAttempt ? ['next attempt'] : [])].join(', ') || '–';
}

function rangesOf({ ranges }: ClientProfile['pull']): string {
  return ranges === undefined ? '' : `, ranges of ${ranges.bytes / 1024 ** 2} MiB, ${ranges.atOnce} requests at once`;
}

const tables: Readonly<Record<string, () => string>> = {
  'on the wire': () =>
    table(
      [
        'client',
        'before the bytes',
        'the bytes',
        'framing',
        'write',
        'after',
        'HTTP',
        'header timeout',
        'layers at a time',
      ],
      clients.map((client) => [
        `\`${client.name}\``,
        before(client),
        shapes[client.shape][0],
        shapes[client.shape][1],
        `${client.writeBytes / 1024} KiB`,
        client.headAfter ? 'HEAD' : '–',
        client.httpVersion === '1.1' ? `1.1${connections(client)}` : '2 if offered',
        client.responseHeaderTimeoutMs === undefined ? 'none' : `${seconds(client.responseHeaderTimeoutMs)} s`,
        Number.isFinite(client.concurrency) ? String(client.concurrency) : 'all',
      ]),
    ),
  'when it fails': () =>
    table(
      ['client', 'attempts', 'waits', 'begins anew after', 'sends a body again after', 'sends the rest again after'],
      clients.map((client) => [
        `\`${client.name}\``,
        String(client.retry.maxAttempts),
        waits(client),
        triesAgain(client),
        sendsAgain(client, true),
        sendsAgain(client, false),
      ]),
    ),
  pulls: () =>
    table(
      [
        'client',
        'manifest',
        'layers at once',
        'attempts at a layer',
        'goes on after a cut',
        'all for a Range',
        'measured beside',
        'source',
      ],
      clients.map(({ name, pull }) => [
        `\`${name}\``,
        pull.manifest === 'get' ? 'GET' : 'HEAD, GET by digest',
        `${Number.isFinite(pull.concurrency) ? String(pull.concurrency) : 'all'}${rangesOf(pull)}`,
        `${pull.retry.maxAttempts}${pull.opensTwice ? ', each opened twice' : ''}`,
        goesOn(pull),
        pull.resumesAtNextAttempt ? 'begins anew' : pull.wholeForRange === 'skips' ? 'skips' : '–',
        pull.measured ?? 'read only',
        pull.source,
      ]),
    ),
  tokens: () =>
    table(
      ['client', 'token by', 'renewed', 'of several challenges', 'client_id'],
      clients.map(({ name, tokens }) => {
        const { method, refresh, prefers, clientId } = tokens;
        return [`\`${name}\``, method, refresh, prefers, `\`${clientId}\``];
      }),
    ),
  sources: () =>
    table(
      ['client', 'version', 'measured beside', 'User-Agent', 'source of its row', 'source of its tokens'],
      clients.map(({ name, version, measured, userAgent, source, tokens }) => [
        `\`${name}\``,
        version === '' ? '–' : version,
        measured ?? 'read only',
        `\`${userAgent}\``,
        source,
        tokens.source,
      ]),
    ),
};

/** The text with each table as the code has it. */
function withTables(text: string): string {
  return Object.entries(tables).reduce((result, [name, make]) => {
    const start = `<!-- table: ${name} -->\n`;
    const from = result.indexOf(start) + start.length;
    const to = result.indexOf('<!-- end of table -->', from);
    expect(from, `the start of the table ${name}`).toBeGreaterThan(start.length);
    expect(to, `the end of the table ${name}`).toBeGreaterThan(0);
    return result.slice(0, from) + make() + result.slice(to);
  }, text);
}

test('docs/clients.md has the tables of all clients (UPDATE_GENERATED=1 writes them)', () => {
  const wanted = withTables(readFileSync(file, 'utf8'));
  if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(file, wanted);
  expect(readFileSync(file, 'utf8')).toBe(wanted);
});

test('each client is described', () => {
  const headings = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('### '));
  const described = headings.flatMap((line) => [...line.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name));
  expect(new Set(described)).toEqual(new Set(clientRows.map(({ name }) => name.replace(/@.*/, ''))));
});
