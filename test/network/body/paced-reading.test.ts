import type { Dispatcher } from 'undici';
import { expect, test } from 'vitest';
import { readWhenDue } from '../../../src/network/body/paced-reading.ts';
import type { Pacer } from '../../../src/network/body/pump.ts';

const { signal } = new AbortController();

/** What happens around a chunk of so many bytes, in order. */
async function read(bytes: number, take?: Pacer['take'], aborted = false): Promise<string[]> {
  const order: string[] = [];
  const controller = {
    aborted,
    pause: () => order.push('pause'),
    resume: () => order.push('resume'),
  } as unknown as Dispatcher.DispatchController;
  const pacer = take && { take: (...all: Parameters<Pacer['take']>) => (order.push(`due ${all[0]}`), take(...all)) };
  await readWhenDue(controller, pacer, bytes, signal, (rests) => order.push(rests ? 'rests' : 'rests no more'));
  return order;
}

test('nothing is read until the bytes were due', async () => {
  const whole = ['rests', 'pause', 'due 5', 'rests no more', 'resume'];
  expect(await read(5, () => Promise.resolve())).toEqual(whole);
  expect(await read(5, () => Promise.reject(new Error('aborted')))).toEqual(whole);
});

test('what was ended meanwhile is not read on', async () => {
  expect(await read(5, () => Promise.resolve(), true)).toEqual(['rests', 'pause', 'due 5']);
});

test('without a rate, or bytes, or a connection nothing rests', async () => {
  expect(await read(5)).toEqual([]);
  expect(await read(0, () => Promise.resolve())).toEqual([]);
  const pacer = { take: () => Promise.reject(new Error('asked')) };
  await readWhenDue(undefined, pacer, 5, signal, () => expect.unreachable());
});
