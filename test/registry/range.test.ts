import { expect, test } from 'vitest';
import { acknowledgedBytes, type RangeReading, readUploadRange } from '../../src/registry/range.ts';

const range = (start: number, end: number): RangeReading => ({ kind: 'range', range: { start, end } });
const unparsable = (value: string): RangeReading => ({ kind: 'unparsable', value });

test.each<[string | undefined, RangeReading]>([
  [undefined, { kind: 'absent' }],
  ['', { kind: 'absent' }],
  ['  ', { kind: 'absent' }],
  ['0-0', range(0, 0)],
  ['0-41', range(0, 41)],
  [' bytes=5-9 ', range(5, 9)],
  ['10-41', range(10, 41)],
  ['0--1', { kind: 'empty' }],
  ['7-6', { kind: 'empty' }],
  ['7-5', unparsable('7-5')],
  ['0--2', unparsable('0--2')],
  ['0-41/42', unparsable('0-41/42')],
  ['x0-41', unparsable('x0-41')],
  ['octets=0-41', unparsable('octets=0-41')],
  ['0-9999999999999999', unparsable('0-9999999999999999')],
  ['9999999999999999-0', unparsable('9999999999999999-0')],
  ['-1-5', unparsable('-1-5')],
])('Range %j', (value, reading) => {
  expect(readUploadRange(value)).toEqual(reading);
});

test.each<[RangeReading, number, number | undefined]>([
  [{ kind: 'absent' }, 5, undefined],
  [unparsable('x'), 5, undefined],
  [{ kind: 'empty' }, 5, 0],
  [range(0, 0), 5, 0],
  [range(0, 0), 0, 0],
  [range(0, 0), 1, 1],
  [range(0, 1), 5, 2],
])('%j after %d bytes', (reading, sentBytes, held) => {
  expect(acknowledgedBytes(reading, sentBytes)).toBe(held);
});
