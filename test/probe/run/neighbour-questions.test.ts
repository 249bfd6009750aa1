import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import { Neighbour } from '../../../src/probe/run/neighbour.ts';
import { checkOf } from '../../support/checks.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

/** Time goes by when a test says so, and a wait ends when it does. */
class Clock {
  now = 0;
  readonly waits: number[] = [];
  #end: () => void = () => {};
  #onWait: () => void = () => {};

  nowMs(): number {
    return this.now;
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    this.waits.push(delayMs);
    this.#onWait();
    return new Promise((resolve, reject) => {
      this.#end = resolve;
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  }

  /** Ends the wait; resolves when somebody waits again. */
  tick(): Promise<void> {
    const next = new Promise<void>((resolve) => (this.#onWait = resolve));
    this.#end();
    return next;
  }
}

/** How long the n-th question takes, from 1: it is answered with a refusal. Undefined: it is not answered; `cut`: its connection ends. */
type Takes = (nth: number) => number | 'cut' | undefined;

async function sceneOf(takes: Takes) {
  const clock = new Clock();
  const asked: string[] = [];
  const server = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    const tookMs = takes(asked.length);
    if (tookMs === 'cut') {
      response.destroy();
      return;
    }
    clock.now += tookMs ?? 0;
    // The last one that anybody asks closes its connection, so that it is known when its answer came.
    const headers = asked.length === 244 ? { connection: 'close' } : {};
    if (tookMs !== undefined) response.writeHead(401, headers).end();
  });
  const { port, sockets } = await opened.listen(server);
  const caller = new AbortController();
  const check = checkOf(`http://127.0.0.1:${port}`);
  const neighbour = new Neighbour(check, { clock }, new Redactor(), caller.signal);
  return { clock, asked, neighbour, caller, sockets };
}

const sending = { phase: 'send' } as const;

describe('before the push', () => {
  test('the opening and three more are asked, and the middle of the three counts', async () => {
    const { neighbour, asked, clock } = await sceneOf((nth) => [900, 30, 10, 20][nth - 1] ?? 5);
    await neighbour.askBefore();
    expect([asked, clock.now]).toEqual([Array.from({ length: 4 }, () => 'GET /v2/'), 960]);
    neighbour.start();
    neighbour.hear(sending);
    for (let times = 0; times < 3; times += 1) await clock.tick();
    expect(await neighbour.end()).toMatchObject({ idleMs: 20, loadedMs: 5 });
  });

  test('no more are asked when three seconds are over', async () => {
    // The third is not answered, and no time is left to wait for it.
    let isBeside = false;
    const { neighbour, asked, clock } = await sceneOf((nth) => (isBeside ? 5 : [10, 3_600_000][nth - 1]));
    await neighbour.askBefore();
    expect(asked.length).toBeLessThanOrEqual(3);
    isBeside = true;
    neighbour.start();
    neighbour.hear(sending);
    for (let times = 0; times < 3; times += 1) await clock.tick();
    expect(await neighbour.end()).toMatchObject({ idleMs: 3_600_000, loadedMs: 5 });
  });

  test('nobody asks again where the opening is not answered', async () => {
    const { neighbour, asked, caller } = await sceneOf(() => undefined);
    const before = neighbour.askBefore();
    await expect.poll(() => asked.length).toBe(1);
    caller.abort();
    await before;
    expect([asked.length, await neighbour.end()]).toEqual([1, undefined]);
  });
});

describe('beside the push', () => {
  /** Three answers before, which took 10 ms each, and then as the test says. */
  async function besideOf(takes: Takes) {
    const scene = await sceneOf((nth) => (nth <= 4 ? 10 : takes(nth - 4)));
    await scene.neighbour.askBefore();
    scene.asked.length = 4;
    scene.neighbour.start();
    return { ...scene, beside: () => scene.asked.length - 4 };
  }

  test('it is asked while bodies are under way, four times a second', async () => {
    const { neighbour, clock, beside } = await besideOf((nth) => [40, 20, 30][nth - 1]);
    const steps = [
      undefined,
      sending,
      { phase: 'wait' },
      { phase: 'send', waitingMs: 5_000 },
      { phase: 'start', waitingMs: 5_000 },
      sending,
      undefined,
    ] as const;
    const times: number[] = [];
    for (const step of steps) {
      if (step !== undefined) neighbour.hear(step);
      await clock.tick();
      times.push(beside());
    }
    expect(times).toEqual([0, 1, 1, 1, 1, 2, 3]);
    expect(new Set(clock.waits)).toEqual(new Set([250]));
    expect(await neighbour.end()).toEqual({ idleMs: 10, loadedMs: 30, worstMs: 40, asked: 3, unanswered: 0 });
  });

  test('a question whose connection ends, and ends again when it is sent again, was asked, and was not answered', async () => {
    const { neighbour, clock } = await besideOf((nth) => (nth === 2 || nth === 3 ? 'cut' : 20));
    neighbour.hear(sending);
    for (let times = 0; times < 3; times += 1) await clock.tick();
    expect(await neighbour.end()).toEqual({ idleMs: 10, loadedMs: 20, worstMs: 20, asked: 3, unanswered: 1 });
  });

  test('fewer than three questions say nothing', async () => {
    const { neighbour, clock } = await besideOf(() => 20);
    neighbour.hear(sending);
    await clock.tick();
    await clock.tick();
    expect(await neighbour.end()).toBeUndefined();
  });

  test('three say nothing either, where none was answered before', async () => {
    const { neighbour, clock } = await sceneOf(() => 20);
    neighbour.start();
    neighbour.hear(sending);
    for (let times = 0; times < 3; times += 1) await clock.tick();
    expect(await neighbour.end()).toBeUndefined();
  });

  test('what the end takes away was not left unanswered, and its connection is closed', async () => {
    const { neighbour, clock, beside, sockets } = await besideOf((nth) => (nth === 4 ? undefined : 20));
    neighbour.hear(sending);
    for (let times = 0; times < 3; times += 1) await clock.tick();
    void clock.tick();
    await expect.poll(beside).toBe(4);
    expect(await neighbour.end()).toMatchObject({ asked: 3, unanswered: 0 });
    await expect.poll(() => sockets.size).toBe(0);
  });

  test('a run that ends takes it along', async () => {
    const { neighbour, clock, caller, beside } = await besideOf(() => 20);
    neighbour.hear(sending);
    for (let times = 0; times < 3; times += 1) await clock.tick();
    caller.abort();
    expect([await neighbour.end(), beside(), clock.waits.length]).toMatchObject([{ asked: 3 }, 3, 4]);
  });

  test('of a long push it is asked 240 times', async () => {
    const { neighbour, clock, beside, sockets } = await besideOf(() => 20);
    neighbour.hear(sending);
    for (let times = 1; times < 240; times += 1) await clock.tick();
    // After the last one nobody waits any more.
    void clock.tick();
    await expect.poll(beside).toBe(240);
    await expect.poll(() => sockets.size).toBe(0);
    await neighbour.end();
    expect([beside(), clock.waits.length]).toEqual([240, 240]);
  });
});
