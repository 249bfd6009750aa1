import { describe, expect, test } from 'vitest';
import { classify } from '../../../src/probe/judge/classify.ts';
import { ProtocolError } from '../../../src/registry/errors.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';

/** Planted wherever a secret can be. Neither part of the other texts nor of a word. */
const canary = 'CaNaRy-0123456789';
const uploadUrl = `https://probe:${canary}@registry.example.org/v2/r/blobs/uploads/1?_state=${canary}&digest=sha256%3A${'ab'.repeat(32)}`;

/** What is shown of an answer to a request that carried secrets. */
function shownOf(
  body: string,
  responseHeaders: Record<string, string[]>,
  url = uploadUrl,
  { status = 400, token = canary } = {},
): string {
  const seen = exchangeOf({
    url,
    requestHeaders: { authorization: `Bearer ${token}`, 'cf-access-client-secret': 'another-canary', accept: '*/*' },
    response: { ...answerOf(status, {}, body), headers: responseHeaders },
  });
  const about = {
    step: 'send',
    blob: 'blob',
    uploadStarted: true,
    sentBytes: 1,
    acknowledgedBytes: undefined,
  } as const;
  const thrown = new ProtocolError({ step: 'send', problem: 'unexpected_status', exchange: seen, message: 'm' });
  return JSON.stringify(classify(thrown, { ...about, acknowledges: true, sizeRefusedBefore: false }));
}

describe('evidence', () => {
  test('has the times of a token that was refused, and nothing else of it', () => {
    const claims = Buffer.from(JSON.stringify({ sub: canary, exp: 1_795_903_500 })).toString('base64url');
    const token = `eyJhbGciOiJSUzI1NiJ9.${claims}.c2lnbmF0dXJl`;
    const shown = shownOf('', {}, uploadUrl, { status: 401, token });
    expect(JSON.parse(shown)).toMatchObject({ evidence: { tokenTimes: 'valid until 2026-11-28T22:05:00Z' } });
    expect([claims, canary, 'c2lnbmF0dXJl'].filter((part) => shown.includes(part))).toEqual([]);
    expect(shownOf('', {}, uploadUrl, { status: 403, token })).not.toContain('tokenTimes');
  });

  test('takes out what a debug page repeats of the request, and leaves the rest', () => {
    const shown = shownOf(
      `<h1>Bad</h1> Authorization: Bearer ${canary} CF-Access: another-canary /v2/?_state=${canary}`,
      {},
    );
    expect(shown).toContain('<h1>Bad</h1> Authorization: <secret> CF-Access: <secret> /v2/?_state=<secret>');
  });

  test.each([
    ['Location', { location: [`/v2/x/uploads/1?_state=${canary}&plain`] }, '/v2/x/uploads/1?_state=…&…'],
    ['a Location that is all query', { location: [`/v2/x/uploads/1?${canary}`] }, '/v2/x/uploads/1?…'],
    ['a Location with userinfo', { location: [`https://u:${canary}@e.example.org/x`] }, 'https://e.example.org/x'],
    ['a warning', { warning: [`299 - "token ${canary} expires"`] }, '299 - \\"token <secret> expires\\"'],
  ])('shows %s without its secrets', (_name, headers, wanted) => {
    const shown = shownOf('', headers);
    expect(shown).toContain(wanted);
    expect(shown).not.toContain(canary);
  });

  test.each(['set-cookie', 'www-authenticate', 'authorization', 'x-registry-auth'])('never shows %s', (name) => {
    expect(shownOf('', { [name]: ['something else'] })).not.toContain('something else');
  });

  test('shows the digest of a commit, but not something else in its place', () => {
    const digest = `sha256:${'ab'.repeat(32)}`;
    expect(shownOf('', {})).toContain(`_state=…&digest=${digest}`);
    expect(shownOf('', {}, `http://r.example.org/v2/x?digest=${canary}`)).toContain(
      '"http://r.example.org/v2/x?digest=…"',
    );
  });
});
