import { expect, test } from 'vitest';
import { ExchangeTimes } from '../../src/network/exchange-times.ts';

/** Marks on the clock, all of them milliseconds; what an exchange says of itself at 100. */
function at(
  marks: Partial<Pick<ExchangeTimes, 'wroteAtMs' | 'lastByteAtMs' | 'headersAtMs' | 'dataAtMs' | 'isResting'>>,
) {
  const times = Object.assign(new ExchangeTimes(1), marks);
  return [times.stage, times.durations(100)];
}

test('a request stands where its last mark is, and its times follow from its marks', () => {
  expect(new ExchangeTimes(1).startedAtMs).toBe(1);
  expect(at({})).toEqual(['connect', { early: false }]);
  expect(at({ wroteAtMs: 10 })).toEqual(['send', { early: false, sendMs: 90 }]);
  expect(at({ wroteAtMs: 10, lastByteAtMs: 30 })).toEqual(['wait', { early: false, sendMs: 20, waitMs: 70 }]);
  expect(at({ wroteAtMs: 10, lastByteAtMs: 30, headersAtMs: 60 })).toEqual([
    'receive',
    { early: false, sendMs: 20, waitMs: 30, receiveMs: 40, silentMs: 40 },
  ]);
});

test('silence begins at the last piece of the answer, and is none while we do not read', () => {
  const marks = { wroteAtMs: 10, lastByteAtMs: 30, headersAtMs: 60, dataAtMs: 75 };
  expect(at(marks)[1]).toMatchObject({ receiveMs: 40, silentMs: 25 });
  expect(at({ ...marks, isResting: true })[1]).toMatchObject({ receiveMs: 40, silentMs: 0 });
});

test('an answer before the last byte is early: sending ends with it, and nobody waited', () => {
  const early = { early: true, sendMs: 50, receiveMs: 40, silentMs: 40 };
  expect(at({ wroteAtMs: 10, headersAtMs: 60 })).toEqual(['receive', early]);
  expect(at({ wroteAtMs: 10, headersAtMs: 60, lastByteAtMs: 61 })).toEqual(['receive', early]);
  expect(at({ wroteAtMs: 10, headersAtMs: 60, lastByteAtMs: 60 })[1]).toMatchObject({ early: false, waitMs: 0 });
});
