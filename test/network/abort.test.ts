import { createServer } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { NetworkPath } from '../../src/network/path.ts';
import { RunAborted } from '../../src/probe/aborted.ts';
import { classify } from '../../src/probe/classify.ts';
import { noContext } from '../../src/probe/facts.ts';
import { pathTo } from '../support/paths.ts';
import { failureOf, get, type Listening, Opened, streamed } from './servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

/** Timers and sockets that keep the process alive, without those of the test's own servers. */
function resources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /^(?:Timeout|Immediate|TCPSocketWrap|GetAddrInfoReqWrap|QueryReqWrap|TLSWrap)/.test(name));
}

/** What is active now and was not `before`. */
async function leftSince(before: readonly string[]): Promise<string[]> {
  await turn();
  const known = [...before];
  return resources().filter((name) => {
    const at = known.indexOf(name);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
}

interface Stage {
  readonly name: string;
  readonly phase: string;
  readonly start: () => Promise<{ path: NetworkPath; server?: Listening }>;
}

async function tcp(secure: boolean, onConnection: Parameters<Opened['tcp']>[0]): ReturnType<Stage['start']> {
  const server = await opened.tcp(onConnection);
  return { path: pathTo(`${secure ? 'https' : 'http'}://127.0.0.1:${server.port}`), server };
}

const stages: readonly Stage[] = [
  {
    name: 'dns',
    phase: 'dns',
    start: async () => {
      const { port } = await opened.dns(undefined);
      return { path: pathTo('http://slow.example.org', { dnsServers: [`127.0.0.1:${port}`] }) };
    },
  },
  {
    name: 'connect',
    phase: 'connect',
    start: async () => ({ path: pathTo(`http://127.0.0.1:${await opened.deafPort()}`) }),
  },
  {
    name: 'proxy',
    phase: 'connect',
    start: async () => {
      const server = await opened.tcp((socket) => socket.resume());
      const path = pathTo('http://registry.example.org', { proxy: { host: '127.0.0.1', port: server.port } });
      return { path, server };
    },
  },
  { name: 'tls', phase: 'tls', start: () => tcp(true, (socket) => socket.resume()) },
  // Reads, slowly: one that does not read does not learn that its peer has left.
  {
    name: 'send',
    phase: 'send',
    start: () =>
      tcp(false, (socket) => {
        socket.on('data', () => {
          socket.pause();
          setTimeout(() => socket.resume(), 10);
        });
      }),
  },
];

describe('a run that ends while an exchange is', () => {
  test.each(stages.map((stage) => [stage.name, stage] as const))('in %s', async (_name, stage) => {
    const { path, server } = await stage.start();
    const before = resources();
    const transport = opened.transport(path);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new RunAborted('deadline')), 120);
    const request = get(path.origin, { method: 'PATCH', body: streamed(100_000_000), signal: stop.signal });
    const startedMs = performance.now();
    const error = await failureOf(transport.exchange(request));
    const tookMs = performance.now() - startedMs;
    await transport.close();
    expect(tookMs).toBeLessThan(119 + 250);
    const failure = classify(error, { ...noContext, step: 'send' });
    expect(failure).toMatchObject({ reason: 'deadline', phase: stage.phase, answeredBy: 'none' });
    const { dnsMs = 0, connectMs = 0, tlsMs = 0 } = error.exchange?.opening ?? {};
    expect(dnsMs + connectMs + tlsMs + (error.exchange?.sendMs ?? 0)).toBeGreaterThan(90);
    await expect.poll(() => server?.sockets.size ?? 0).toBe(0);
    await expect.poll(() => leftSince(before)).toEqual([]);
  });

  test('waiting for the answer', async () => {
    const server = await opened.listen(createServer((request) => void request.resume()));
    const origin = `http://127.0.0.1:${server.port}`;
    const before = resources();
    const stop = new AbortController();
    setTimeout(() => stop.abort(new RunAborted('cancelled')), 120);
    const transport = opened.transport(pathTo(origin));
    const error = await failureOf(
      transport.exchange(get(origin, { signal: stop.signal, responseHeaderTimeoutMs: 60_000 })),
    );
    expect(error).toMatchObject({ stage: 'wait', code: 'ABORTED', timer: undefined });
    expect(classify(error, { ...noContext, step: 'start' })).toMatchObject({ reason: 'cancelled', blame: 'prober' });
    await expect.poll(() => server.sockets.size).toBe(0);
    await expect.poll(() => leftSince(before)).toEqual([]);
  });

  test('receiving the answer: the status it had is the outcome', async () => {
    const server = await opened.listen(
      createServer((_request, response) => {
        response.writeHead(413);
        response.write('<center>nginx');
      }),
    );
    const origin = `http://127.0.0.1:${server.port}`;
    const before = resources();
    const stop = new AbortController();
    setTimeout(() => stop.abort(new RunAborted('deadline')), 120);
    const exchange = await opened.transport(pathTo(origin)).exchange(get(origin, { signal: stop.signal }));
    expect(exchange.response).toMatchObject({ status: 413, complete: false });
    expect(exchange.error).toMatchObject({ stage: 'receive', code: 'ABORTED' });
    await expect.poll(() => server.sockets.size).toBe(0);
    await expect.poll(() => leftSince(before)).toEqual([]);
  });

  test('not begun yet', async () => {
    const server = await opened.listen(createServer());
    const origin = `http://127.0.0.1:${server.port}`;
    const signal = AbortSignal.abort(new RunAborted('cancelled'));
    const error = await failureOf(opened.transport(pathTo(origin)).exchange(get(origin, { signal })));
    expect(error.code).toBe('ABORTED');
    expect(server.accepted).toBe(0);
  });
});
