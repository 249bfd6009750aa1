import { expect, test } from 'vitest';
import { HeldTransfer } from '../../src/schedule/held-transfer.ts';
import { TransferLimit } from '../../src/schedule/transfer-limit.ts';
import { settle } from '../support/fake-clock.ts';

/** The one transfer, held, and a journal of watching, leaving and others that have it. */
function setup() {
  const limit = new TransferLimit(1);
  const told: string[] = [];
  limit.enter(() => {});
  const held = new HeldTransfer(limit, () => {
    told.push('watched');
    return () => told.push('unwatched');
  });
  const other = (): void => void limit.enter(() => told.push('other'));
  return { limit, told, held, other };
}

test('a turn lets those that wait go first, and is watched anew', async () => {
  const { limit, told, held, other } = setup();
  other();
  const turn = held.turn(new AbortController().signal);
  await settle();
  expect(told).toEqual(['watched', 'unwatched', 'other']);
  limit.leave();
  await turn;
  expect(told.slice(3)).toEqual(['watched']);
  other();
  expect(told.slice(4)).toEqual([]);
  held.leave();
  expect(told.slice(4)).toEqual(['unwatched', 'other']);
});

test('a turn after the abort gives nothing away', async () => {
  const { told, held, other } = setup();
  other();
  await held.turn(AbortSignal.abort());
  expect(told).toEqual(['watched']);
});

test('an abort while it waits gives the place back, and nothing is held any more', async () => {
  const { limit, told, held, other } = setup();
  const abort = new AbortController();
  other();
  const turn = held.turn(abort.signal);
  abort.abort();
  await turn;
  held.leave();
  expect(told).toEqual(['watched', 'unwatched', 'other']);
  limit.leave();
  other();
  expect(told.slice(3)).toEqual(['other']);
});

test('it is given back once', () => {
  const { told, held, other } = setup();
  held.leave();
  held.leave();
  other();
  other();
  expect(told).toEqual(['watched', 'unwatched', 'other']);
});
