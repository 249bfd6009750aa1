import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { NetworkPath } from '../../../src/network/path.ts';
import { WireMeter } from '../../../src/network/wire-meter.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { askedForTls } from '../../../src/probe/run/asked-for-tls.ts';
import { createCertificates } from '../../support/certificates.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { attempt, requestRecord } from '../../support/run-fixtures.ts';
import { type Listening, Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const { valid } = createCertificates();
const ofTls = (): Promise<Listening> => opened.listen(createServer(valid));
const hangsUp = (): Promise<Listening> => opened.tcp((socket: Socket) => socket.destroy());
const ofHttp = (): Promise<Listening> => opened.tcp((socket) => socket.end('HTTP/1.0 400 Bad Request\r\n\r\n'));

const mute = requestRecord({ status: undefined });
const answered = requestRecord({ status: 400 });

/** Nothing was answered, where the body was sent. */
const cut = fakeFailure('connection_reset', { evidence: { message: 'reset' } });
const goWords = 'Client sent an HTTP request to an HTTPS server.';
const told: Failure = {
  ...fakeFailure('unexpected_response', {
    status: 400,
    answeredBy: 'registry',
    evidence: { message: '', body: goWords },
  }),
};

interface Asked {
  readonly port?: () => Promise<Listening>;
  readonly requests?: readonly (typeof mute)[];
  readonly path?: Partial<NetworkPath>;
  readonly scheme?: string;
}

async function asked(failure: Failure, { port = ofTls, requests = [mute], path, scheme = 'http' }: Asked = {}) {
  const listening = await port();
  const check = checkOf(`${scheme}://127.0.0.1:${listening.port}`, { path: path ?? {} });
  const wire = new WireMeter();
  const attempts = [attempt({ requests: [...requests] })];
  const { signal } = new AbortController();
  const result = await askedForTls(failure, { check, clock: runDeps().clock, wire, attempts, signal });
  return { result, tlsProblem: result.evidence.tlsProblem, isAsked: listening.accepted > 0, wire };
}

describe('a run in which nothing was answered', () => {
  test('is told as plain HTTP to TLS, with all that is known beside it', async () => {
    const { result, wire } = await asked(cut);
    expect(result).toEqual({ ...cut, evidence: { message: 'reset', tlsProblem: 'plain_http' } });
    expect(wire.bytes).toBeGreaterThan(0);
  });

  test.each<[what: string, failure: Failure, how: Asked]>([
    ['no connection came about', cut, { requests: [] }],
    ['a request was answered', cut, { requests: [mute, answered] }],
    ['somebody answered', { ...cut, answeredBy: 'nginx' }, {}],
    ['the name was not found', { ...cut, phase: 'dns' }, {}],
    ['the connection was refused', { ...cut, phase: 'connect' }, {}],
    ['we ended it', { ...cut, reason: 'cancelled' }, {}],
    ['another host was asked', { ...cut, evidence: { message: '', redirectedFrom: 'http://other.example/' } }, {}],
    ['it was TLS', cut, { scheme: 'https' }],
    ['a proxy stands before it', cut, { path: { proxy: { url: new URL('http://127.0.0.1:1') } } as object }],
  ])('is not asked for, where %s', async (_what, failure, how) => {
    const { result, isAsked } = await asked(failure, how);
    expect([result, isAsked]).toEqual([failure, false]);
  });

  test.each([
    ['hangs up on TLS, too', hangsUp],
    ['speaks HTTP', ofHttp],
  ])('stays as it is, where the port %s', async (_what, port) => {
    const { result, isAsked } = await asked(cut, { port });
    expect([result, isAsked]).toEqual([cut, true]);
  });
});

describe('a run that was answered that this is a port of TLS', () => {
  test.each<[what: string, port: () => Promise<Listening>, tlsProblem: string | undefined]>([
    ['is one', ofTls, 'plain_http'],
    ['is none', ofHttp, 'plain_http_behind'],
    ['does not tell', hangsUp, undefined],
  ])('where it %s', async (_what, port, expected) => {
    const { tlsProblem, isAsked } = await asked(told, { port, requests: [answered] });
    expect([tlsProblem, isAsked]).toEqual([expected, true]);
  });

  test('is asked for whatever it was doing', async () => {
    expect((await asked({ ...told, phase: 'connect' }, { requests: [] })).tlsProblem).toBe('plain_http');
  });

  test('is not asked for where it spoke TLS', async () => {
    expect((await asked(told, { scheme: 'https', requests: [answered] })).isAsked).toBe(false);
  });
});
