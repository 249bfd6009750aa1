import { expect, test } from 'vitest';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { sendsAgain, trialCheck } from '../../../src/probe/diagnose/trial-checks.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure } from '../../support/fake-run.ts';

const ended = (code: string) => fakeFailure('connection_reset', { phase: 'wait', evidence: { message: '', code } });

test.each([
  ['docker-containerd', 'UND_ERR_SOCKET', true],
  ['docker-containerd', 'ECONNRESET', false],
  ['docker', 'UND_ERR_SOCKET', false],
  ['regctl', 'UND_ERR_SOCKET', true],
] as const)('%s after %s sends the request again: %s', (client, code, isSentAgain) => {
  expect(sendsAgain(clientProfiles[client], ended(code))).toBe(isSentAgain);
});

test('in an examination nobody sends anything again', () => {
  const check = { ...fakeCheck('r', 'p', 'docker', 'blob'), client: clientProfiles.regctl };
  const { client } = trialCheck({ check, shape: check.client.shape }, 1_000);
  expect(sendsAgain(client, ended('UND_ERR_SOCKET'))).toBe(false);
});
