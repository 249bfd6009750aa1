import type { Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { NeighbourFacts } from '../../src/probe/outcome.ts';
import { neighbourWords } from '../../src/publish/sending-words.ts';
import { checkOf, runDeps, runOnce } from '../support/checks.ts';
import { describeWithComponents } from '../support/component.ts';
import { startDistribution } from './support/backends.ts';
import { endTogether, startJoint } from './support/relay.ts';

const bytesPerSecond = 1_000_000;
const bodyBytes = 3_000_000;
/** What a queue before a thin line holds: 400 ms of it. */
const queueBytes = 400_000;
/** Far more than a busy machine adds to the middle of some questions. */
const noticeableMs = 150;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

describeWithComponents(['docker-registry'], 'a line of 8 Mbit/s before docker-registry', () => {
  test('that all connections share: GET /v2/ of somebody else waits behind the push, and this is said', {
    timeout: 60_000,
  }, async () => {
    const facts = await neighbourOver('one queue for all');
    const { idleMs, loadedMs = 0 } = facts;
    expect(loadedMs).toBeGreaterThan(idleMs + noticeableMs);
    expect(neighbourWords(facts)).toMatch(/^GET \/v2\/ took others .+, and .+ before this push; .+ at worst$/);
  });

  test('that each connection has for itself: somebody else waits as long as before', { timeout: 60_000 }, async () => {
    const { idleMs, loadedMs } = await neighbourOver('a queue for each');
    expect(loadedMs).toBeLessThan(idleMs + noticeableMs);
  });
});

type Queueing = 'one queue for all' | 'a queue for each';

async function neighbourOver(queueing: Queueing): Promise<NeighbourFacts> {
  const registry = await startDistribution();
  closers.push(registry.close);
  const origin = `http://127.0.0.1:${await startLine(registry.port, queueing)}`;
  const run = await runOnce(
    checkOf(origin, { client: 'docker', sizeBytes: bodyBytes, check: { asksNeighbour: true } }),
    runDeps(),
  );
  expect(run.failure).toBeUndefined();
  expect(run.neighbour).toMatchObject({ unanswered: 0 });
  return run.neighbour!;
}

interface Piece {
  readonly bytes: Buffer;
  readonly from: Socket;
  readonly to: Socket;
}

/** A thin line towards the registry; answers take no time. What comes first goes first, and who has much in the queue waits for room in it. */
class Line {
  readonly #pieces: Piece[] = [];
  #queuedBytes = 0;
  #freeAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  put(piece: Piece): void {
    this.#pieces.push(piece);
    this.#queuedBytes += piece.bytes.length;
    if (this.#queuedBytes > queueBytes) piece.from.pause();
    this.#wait();
  }

  #wait(): void {
    const [next] = this.#pieces;
    if (next === undefined || this.#timer !== undefined) return;
    const nowMs = performance.now();
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + (1_000 * next.bytes.length) / bytesPerSecond;
    this.#timer = setTimeout(() => this.#pass(), this.#freeAtMs - nowMs);
  }

  #pass(): void {
    this.#timer = undefined;
    const piece = this.#pieces.shift();
    if (piece === undefined) return;
    this.#queuedBytes -= piece.bytes.length;
    if (!piece.to.destroyed) piece.to.write(piece.bytes);
    for (const { from } of [piece, ...this.#pieces]) if (this.#queuedBytes <= queueBytes) from.resume();
    this.#wait();
  }
}

async function startLine(upstreamPort: number, queueing: Queueing): Promise<number> {
  const shared = new Line();
  const join = (near: Socket, far: Socket): void => {
    endTogether(near, far);
    far.pipe(near);
    const line = queueing === 'one queue for all' ? shared : new Line();
    near.on('data', (bytes: Buffer) => line.put({ bytes, from: near, to: far }));
  };
  const { port, close } = await startJoint(upstreamPort, join, { highWaterMark: 16_384 });
  closers.push(close);
  return port;
}
