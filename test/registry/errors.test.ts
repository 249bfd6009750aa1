import { expect, test } from 'vitest';
import { registryErrors } from '../../src/registry/errors.ts';
import { isObject, parseJson } from '../../src/registry/json.ts';
import { answerOf } from '../support/exchanges.ts';

const entries = (count: number): string =>
  JSON.stringify({ errors: Array.from({ length: count }, () => ({ code: 'X' })) });

test.each<[string, readonly string[]]>([
  ['', []],
  ['no', []],
  ['[{"code":"X"}]', []],
  ['x{"errors":[{"code":"X"}]}', []],
  ['{"errors":', []],
  ['{"errors":{"code":"X"}}', []],
  ['{"error":[{"code":"X"}]}', []],
  ['{"errors":[]}', []],
  ['\n {"errors":[{"code":"DENIED","message":"no"},{"code":"OTHER_1"}]}', ['DENIED: no', 'OTHER_1: ']],
  ['{"errors":[{"code":"denied"},{"code":""},{"code":5},{"message":"no"},null,"X",{"code":"A B"}]}', []],
  ['{"errors":[{"code":"X","message":5}]}', ['X: ']],
  [`{"errors":[{"code":"${'X'.repeat(64)}"},{"code":"${'X'.repeat(65)}"}]}`, [`${'X'.repeat(64)}: `]],
  [`{"errors":[{"code":"X","message":"${'m'.repeat(301)}"}]}`, [`X: ${'m'.repeat(300)}`]],
  [entries(11), Array.from({ length: 10 }, () => 'X: ')],
])('the errors in %j', (body, expected) => {
  const found = registryErrors({ response: answerOf(400, {}, body) });
  expect(found.map(({ code, message }) => `${code}: ${message}`)).toEqual(expected);
});

test('no answer, no errors', () => {
  expect(registryErrors({ response: undefined })).toEqual([]);
});

test.each([
  ['{"a":1}', { a: 1 }],
  [Buffer.from('"ä"'), 'ä'],
  [Uint8Array.of(0x34, 0x32), 42],
  ['{', undefined],
])('JSON %j', (text, value) => {
  expect(parseJson(text)).toEqual(value);
});

test.each([
  [{}, true],
  [[], false],
  [null, false],
  ['a', false],
  [undefined, false],
])('%j is an object: %j', (value, expected) => {
  expect(isObject(value)).toBe(expected);
});
