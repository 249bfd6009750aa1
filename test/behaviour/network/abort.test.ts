import { createHook } from 'node:async_hooks';
import { createServer } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { NetworkPath } from '../../../src/network/path.ts';
import { RunAborted } from '../../../src/probe/bounded-signal.ts';
import { classify } from '../../../src/probe/judge/classify.ts';
import { noContext } from '../../../src/probe/judge/facts.ts';
import { pathTo } from '../../support/paths.ts';
import { failureOf, get, type Listening, Opened, streamed } from '../../support/servers.ts';

const opened = new Opened();
const timers = new Set<number>();
/** Vitest starts timers, too, for as long as it polls: who starts one is the first outside of Node.js in the stack, after this hook. */
const timerHook = createHook({
  init: (id, type) => {
    if (type !== 'Timeout') return;
    const callers = (new Error('where').stack ?? '').split('\n').slice(2);
    const starter = callers.find((line) => !/\(node:|at node:/.test(line)) ?? '';
    if (!/node_modules\/@?vitest/.test(starter)) timers.add(id);
  },
  destroy: (id) => timers.delete(id),
});
afterEach(async () => {
  await opened.closeAll();
  timerHook.disable();
  timers.clear();
});

/** What asks for an address or is a socket in this process, and keeps it alive. */
function resources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /^(?:TCPSocketWrap|TCPConnectWrap|GetAddrInfoReqWrap|QueryReqWrap|TLSWrap)/.test(name));
}

/** From here on timers are seen; what else is active now. */
function activeNow(): string[] {
  timerHook.enable();
  return resources();
}

/** What is active now and was not `before`. */
async function leftSince(before: readonly string[]): Promise<string[]> {
  await turn();
  const known = [...before];
  const left = resources().filter((name) => {
    const at = known.indexOf(name);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
  return [...left, ...Array.from(timers, () => 'Timeout')];
}

interface Stage {
  readonly name: string;
  readonly phase: string;
  /** `isThere`: the exchange has come so far. */
  readonly start: () => Promise<{ path: NetworkPath; server?: Listening; isThere: () => boolean }>;
}

async function tcp(secure: boolean, onConnection: Parameters<Opened['tcp']>[0]): ReturnType<Stage['start']> {
  const server = await opened.tcp(onConnection);
  const path = pathTo(`${secure ? 'https' : 'http'}://127.0.0.1:${server.port}`);
  return { path, server, isThere: () => hasSent(server) };
}

/** Whether anything has come on a connection. */
function hasSent(server: Listening): boolean {
  return [...server.sockets].some(({ bytesRead }) => bytesRead > 0);
}

function socketCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

const stages: readonly Stage[] = [
  {
    name: 'dns',
    phase: 'dns',
    start: async () => {
      const { port, asked } = await opened.dns(undefined);
      const path = pathTo('http://slow.example.org', { dnsServers: [`127.0.0.1:${port}`] });
      return { path, isThere: () => asked.length > 0 };
    },
  },
  {
    name: 'connect',
    phase: 'connect',
    start: async () => {
      const path = pathTo(`http://127.0.0.1:${await opened.deafPort()}`);
      const fillers = socketCount();
      return { path, isThere: () => socketCount() > fillers };
    },
  },
  {
    name: 'proxy',
    phase: 'connect',
    start: async () => {
      const server = await opened.tcp((socket) => socket.resume());
      const path = pathTo('https://registry.example.org', { proxy: { host: '127.0.0.1', port: server.port } });
      return { path, server, isThere: () => hasSent(server) };
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
    const { path, server, isThere } = await stage.start();
    const before = activeNow();
    const transport = opened.transport(path);
    const stop = new AbortController();
    const request = get(path.origin, { method: 'PATCH', body: streamed(100_000_000), signal: stop.signal });
    const failed = failureOf(transport.exchange(request));
    await expect.poll(isThere, { interval: 1 }).toBe(true);
    const abortedMs = performance.now();
    stop.abort(new RunAborted('deadline'));
    const error = await failed;
    expect(performance.now() - abortedMs).toBeLessThan(5_000);
    await transport.close();
    const failure = classify(error, { ...noContext, step: 'send' });
    expect(failure).toMatchObject({ reason: 'deadline', phase: stage.phase, answeredBy: 'none' });
    const { dnsMs = 0, connectMs = 0, tlsMs = 0 } = error.exchange?.opening ?? {};
    expect(dnsMs + connectMs + tlsMs + (error.exchange?.sendMs ?? 0)).toBeGreaterThan(0);
    await expect.poll(() => server?.sockets.size ?? 0).toBe(0);
    await expect.poll(() => leftSince(before)).toEqual([]);
  });

  test('in send: the source of the body is told, so that it lets go of what it holds', async () => {
    let isOpen = true;
    const server = await opened.tcp((socket) => socket.pause());
    const origin = `http://127.0.0.1:${server.port}`;
    const stop = new AbortController();
    const body = {
      kind: 'stream',
      sizeBytes: 100_000_000,
      declareLength: true,
      *chunks() {
        try {
          for (let sent = 0; sent < 100_000_000; sent += 100_000) yield Buffer.alloc(100_000);
        } finally {
          isOpen = false;
        }
      },
    } as const;
    const failed = failureOf(
      opened.transport(pathTo(origin)).exchange(get(origin, { method: 'PATCH', body, signal: stop.signal })),
    );
    await expect.poll(() => server.sockets.size).toBe(1);
    stop.abort(new RunAborted('deadline'));
    expect((await failed).code).toBe('ABORTED');
    await expect.poll(() => isOpen).toBe(false);
  });

  test('waiting for the answer', async () => {
    const stop = new AbortController();
    const server = await opened.listen(
      createServer(() => void setImmediate(() => stop.abort(new RunAborted('cancelled')))),
    );
    const origin = `http://127.0.0.1:${server.port}`;
    const before = activeNow();
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
    const stop = new AbortController();
    const server = await opened.listen(
      createServer((_request, response) => {
        response.writeHead(413);
        // Loopback delivers at once: in the next turn the client reads the head.
        response.write('<center>nginx', () => {
          setImmediate(() => setImmediate(() => stop.abort(new RunAborted('deadline'))));
        });
      }),
    );
    const origin = `http://127.0.0.1:${server.port}`;
    const before = activeNow();
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
