import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { NetworkError } from '../../../src/network/exchange.ts';
import { noRetry } from '../../../src/probe/clients/client-profile.ts';
import type { AttemptWork } from '../../../src/probe/run/attempt.ts';
import { alone, type Opening, type RetriedPart, sideBySide } from '../../../src/probe/run/side-by-side.ts';
import { runContext } from '../../support/run-context.ts';

/** Work that ends when it is told to. */
class Held {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, (error?: Error) => void>();

  part(name: string, onBegin: () => void = () => {}): RetriedPart {
    const work: AttemptWork = ({ signal }) => {
      this.begun.push(name);
      onBegin();
      return new Promise((resolve, reject) => {
        this.#ends.set(name, (error) => (error === undefined ? resolve() : reject(error)));
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    };
    return { name, totalBytes: 1, policy: noRetry, work: () => work };
  }

  /** Ends the work of that name, and lets what follows from it happen. */
  async end(name: string, error?: Error): Promise<void> {
    this.#ends.get(name)?.(error);
    await settled();
  }
}
// An attempt closes its connections, of which it has none, before it is over.
const settled = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
const cut = new NetworkError({ stage: 'send', code: 'ECONNRESET', message: 'cut' });

function begin(held: Held, names: readonly string[], concurrency: number, opening?: Opening, first?: RetriedPart) {
  const parts = names.map((name, index) => (index === 0 && first) || held.part(name));
  const caller = new AbortController();
  const ended: string[] = [];
  const done = sideBySide(runContext(), { parts, concurrency, ...(opening && { opening }) }, caller.signal, (outcome) =>
    ended.push(`${outcome.part.name} ${outcome.ok ? 'through' : outcome.endedBy}`),
  );
  return { done, caller, ended };
}

function openingOf(): Opening {
  let resolve: () => void = () => {};
  const done = new Promise<void>((settle) => (resolve = settle));
  return { done, resolve };
}

test('a stage of one part has no other beside it', () => {
  const part = new Held().part('one');
  expect(alone(part)).toEqual({ parts: [part], concurrency: 1 });
});

describe('parts', () => {
  test('are done in their order, so many at a time, and the next one begins when one is through', async () => {
    const held = new Held();
    const { done, caller, ended } = begin(held, ['a', 'b', 'c', 'd'], 2);
    await settled();
    expect(held.begun).toEqual(['a', 'b']);
    await held.end('b');
    expect(held.begun).toEqual(['a', 'b', 'c']);
    await held.end('c');
    await held.end('a');
    await held.end('d');
    expect(await done).toBe(true);
    expect(ended).toEqual(['b through', 'c through', 'a through', 'd through']);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  test('when one is given up, those beside it are, too, and no other begins', async () => {
    const held = new Held();
    const { done, ended } = begin(held, ['a', 'b', 'c'], 2);
    await settled();
    await held.end('a', cut);
    expect(await done).toBe(false);
    expect([held.begun, ended]).toEqual([
      ['a', 'b'],
      ['a undefined', 'b cancelled'],
    ]);
  });

  test('of a run that is ended before, none begins and none is through', async () => {
    const held = new Held();
    const caller = new AbortController();
    caller.abort();
    const stage = { parts: [held.part('a')], concurrency: 1 };
    expect(await sideBySide(runContext(), stage, caller.signal, () => {})).toBe(false);
    expect(held.begun).toEqual([]);
  });

  test('of a run that is ended meanwhile end with it', async () => {
    const held = new Held();
    const { done, caller, ended } = begin(held, ['a', 'b'], 1);
    await settled();
    caller.abort();
    expect(await done).toBe(false);
    expect([held.begun, ended]).toEqual([['a'], ['a cancelled']]);
  });

  test('none: all are through', async () => {
    expect(await begin(new Held(), [], 3).done).toBe(true);
  });
});

describe('what the client does once', () => {
  test('is waited for by all parts but the first', async () => {
    const held = new Held();
    const opening = openingOf();
    const { done } = begin(held, ['a', 'b', 'c'], 3, opening);
    await settled();
    expect(held.begun).toEqual(['a']);
    opening.resolve();
    await settled();
    expect(held.begun).toEqual(['a', 'b', 'c']);
    for (const name of held.begun) await held.end(name);
    expect(await done).toBe(true);
  });

  test('keeps nobody waiting when it fails', async () => {
    const held = new Held();
    const { done, ended } = begin(held, ['a', 'b'], 2, openingOf());
    await settled();
    await held.end('a', cut);
    expect(await done).toBe(false);
    expect([held.begun, ended]).toEqual([['a'], ['a undefined']]);
  });
});
