import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../../src/network/secrets/secret.ts';

test('a secret is read each time it is used, and shown in no way', () => {
  let value = 'first';
  const secret = new Secret(() => value);
  expect(secret.reveal()).toBe('first');
  value = 'second';
  expect(secret.reveal()).toBe('second');
  expect([String(secret), JSON.stringify({ secret }), inspect({ secret }, { showHidden: true })]).toEqual([
    '<secret>',
    '{"secret":"<secret>"}',
    '{ secret: <secret> }',
  ]);
});

test('one that is known already is revealed as it is', () => {
  expect(Secret.of('hunter2').reveal()).toBe('hunter2');
});
