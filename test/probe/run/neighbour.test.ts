import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { RunDeps } from '../../../src/probe/deps.ts';
import type { Check } from '../../../src/probe/check.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';

/** What a scene's server does with the n-th GET /v2/ of the neighbour, from 1: the first ones are asked before the push. */
type Scene = (nth: number, response: ServerResponse) => void;

const before = 4;
let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  if (server !== undefined) await once(server, 'close');
  server = undefined;
});

/** A registry that takes a blob, and goes on only when the neighbour has asked `beside` times meanwhile. */
class Registry {
  nowMs = 0;
  questions = 0;
  readonly agents: string[] = [];
  readonly #scene: Scene;
  readonly #beside: number;
  #body: (() => void) | undefined;
  #bytes = 0;
  #digest = '';

  constructor(scene: Scene, beside: number) {
    this.#scene = scene;
    this.#beside = beside;
  }

  async start(): Promise<string> {
    server = createServer((request, response) => this.#take(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { method, url = '' } = request;
    const agent = request.headers['user-agent'] ?? '';
    if (agent.includes('neighbour')) {
      this.questions += 1;
      this.agents.push(`${method} ${url} ${request.headers.authorization ?? 'without a login'}`);
      this.#scene(this.questions, response);
      if (this.questions >= before + this.#beside) this.#body?.();
      return;
    }
    if (method === 'PATCH') {
      // The first bytes only: the client goes on sending until the rest is read.
      request.pause();
      this.#body = () => request.resume();
      if (this.#beside === 0) request.resume();
      request.on('data', (chunk: Buffer) => (this.#bytes += chunk.length));
      request.once('end', () => response.writeHead(202, { location: url, range: `0-${this.#bytes - 1}` }).end());
      return;
    }
    request.resume();
    request.once('end', () => this.#answer(method ?? '', url, response));
  }

  #answer(method: string, url: string, response: ServerResponse): void {
    const isThere = { 'content-length': this.#bytes, 'docker-content-digest': this.#digest };
    switch (method) {
      case 'POST':
        return void response.writeHead(202, { location: '/v2/probe/blobs/blobs/uploads/1' }).end();
      case 'PUT':
        this.#digest = new URL(url, 'http://registry').searchParams.get('digest') ?? '';
        return void response.writeHead(201, { location: `/v2/probe/blobs/blobs/${this.#digest}` }).end();
      case 'HEAD':
        return void (this.#digest === '' ? response.writeHead(404) : response.writeHead(200, isThere)).end();
      default:
        return void response.writeHead(method === 'DELETE' ? 202 : 200).end();
    }
  }
}

async function pushed(registry: Registry, check: Partial<Check> = {}) {
  const origin = await registry.start();
  const deps: RunDeps = {
    ...runDeps(),
    // Time goes by when the server says so; waits take none.
    clock: {
      nowMs: () => registry.nowMs,
      sleep: async (_delayMs, signal) => {
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
      },
    },
  };
  // More than sockets hold: sending lasts until the server reads.
  return runOnce(checkOf(origin, { sizeBytes: 24 * 1024 * 1024, check: { asksNeighbour: true, ...check } }), deps);
}

describe('somebody else on the path', () => {
  test('asks before and beside the push, without a login: middle and worst of both', async () => {
    const takesMs = [100, 4, 3, 5, 40, 60, 50];
    const registry = new Registry((nth, response) => {
      registry.nowMs += takesMs[nth - 1] ?? 50;
      response.writeHead(401).end();
    }, 3);
    const run = await pushed(registry);
    expect(run.failure).toBeUndefined();
    expect(run.neighbour).toMatchObject({ idleMs: 4, loadedMs: 50, worstMs: 60, unanswered: 0 });
    expect(run.neighbour?.asked).toBeGreaterThanOrEqual(3);
    expect(new Set(registry.agents)).toEqual(new Set(['GET /v2/ without a login']));
  });

  test('lost connections are counted, and are no failure of the push', async () => {
    const registry = new Registry((nth, response) => {
      registry.nowMs += 5;
      if (nth > before) response.socket?.destroy();
      else response.writeHead(200).end();
      // Each question may be sent again, as on a kept connection that turns out to be closed.
    }, 12);
    const { failure, neighbour } = await pushed(registry);
    expect(failure).toBeUndefined();
    expect(neighbour).toMatchObject({ idleMs: 5, unanswered: neighbour?.asked });
    expect(neighbour?.unanswered).toBeGreaterThanOrEqual(3);
    expect([neighbour?.loadedMs, neighbour?.worstMs]).toEqual([undefined, undefined]);
  });

  test('who gets no answer before the push says nothing, and keeps nobody waiting', async () => {
    const registry = new Registry((_nth, response) => response.socket?.destroy(), 0);
    const run = await pushed(registry);
    expect([run.failure, run.neighbour]).toEqual([undefined, undefined]);
  });

  test('is asked only where the check wants it', async () => {
    const registry = new Registry((_nth, response) => response.end(), 0);
    const run = await pushed(registry, { asksNeighbour: undefined });
    expect([run.failure, run.neighbour, registry.questions]).toEqual([undefined, undefined, 0]);
  });
});
