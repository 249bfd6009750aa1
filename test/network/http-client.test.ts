import { Client as published } from 'undici';
import { expect, test } from 'vitest';
import { Client } from '../../src/network/http-client.ts';

test('the client that is loaded by itself is the one that undici publishes', () => {
  expect(Client).toBe(published);
});
