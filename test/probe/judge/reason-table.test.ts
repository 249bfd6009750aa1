import { describe, expect, test } from 'vitest';
import type { Blame, FailureReason } from '../../../src/probe/failure.ts';
import { type Facts, noContext } from '../../../src/probe/judge/facts.ts';
import { blameFor, reasonFor, reasonTable } from '../../../src/probe/judge/reason-table.ts';

function facts(changes: Partial<Facts>): Facts {
  return {
    ...noContext,
    step: 'send',
    phase: 'send',
    answeredBy: 'none',
    registryCodes: [],
    registryMessage: '',
    bodyEmpty: false,
    mitigated: false,
    socketReused: false,
    http2: false,
    elapsedMs: 5_000,
    unknown: false,
    sentBytes: 1_000_000,
    ...changes,
  };
}

const reset = { stage: 'send', code: 'ECONNRESET', timer: undefined } as const;
const opening = (code: string) => ({ stage: 'connect', code, timer: undefined }) as const;
const refusal = { status: 403, answeredBy: 'registry', uploadStarted: true } as const;

describe('the reason for these facts', () => {
  test.each<[string, Partial<Facts>, FailureReason]>([
    ['a cut just before 58 s', { network: reset, elapsedMs: 57_999 }, 'connection_reset'],
    ['a cut from 58 s on', { network: reset, elapsedMs: 58_000 }, 'request_timeout'],
    ['a cut up to 62 s', { network: reset, elapsedMs: 62_000 }, 'request_timeout'],
    ['a cut after it', { network: reset, elapsedMs: 62_001 }, 'connection_reset'],
    ['such a cut at another step', { network: reset, elapsedMs: 60_000, step: 'commit' }, 'connection_reset'],
    ...['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN'].map(
      (code): [string, Partial<Facts>, FailureReason] => [code, { network: opening(code) }, 'connect_timeout'],
    ),
    ['nobody listens', { network: opening('ECONNREFUSED') }, 'connect_refused'],
    ['an empty 403 after the upload began', { ...refusal, bodyEmpty: true }, 'quota_exceeded'],
    ['a 403 that says quota', { ...refusal, registryMessage: 'quota reached' }, 'quota_exceeded'],
    ['a 403 that says nothing of it', { ...refusal, registryMessage: 'no' }, 'auth_rejected'],
    ['an empty 403 before', { ...refusal, uploadStarted: false, bodyEmpty: true, step: 'start' }, 'auth_rejected'],
    ['507', { status: 507, answeredBy: 'other' }, 'quota_exceeded'],
  ])('%s', (_name, changes, reason) => {
    expect(reasonFor(facts(changes))).toBe(reason);
  });
});

test('a refusal before the upload began is no quota, also by the row of quotas alone', () => {
  const { when } = reasonTable.quota_exceeded;
  expect(when(facts({ ...refusal, registryMessage: 'quota reached' }))).toBe(true);
  expect(when(facts({ ...refusal, registryMessage: 'quota reached', uploadStarted: false }))).toBe(false);
});

test.each<[string, Partial<Facts>, Blame]>([
  ['while logging in', { step: 'auth' }, 'registry_app'],
  ['before there is a session', { step: 'start' }, 'registry_app'],
  ['while sending', { step: 'send' }, 'registry_storage'],
  ['at the commit', { step: 'commit' }, 'registry_storage'],
])('a 500 %s', (_name, changes, blame) => {
  const all = facts({ status: 500, answeredBy: 'registry', ...changes });
  expect([reasonFor(all), blameFor(reasonFor(all), all)]).toEqual(['registry_error', blame]);
});
