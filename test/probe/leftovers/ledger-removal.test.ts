import { describe, expect, test } from 'vitest';
import { type HttpResponse, NetworkError } from '../../../src/network/exchange.ts';
import type { LedgerEntry } from '../../../src/probe/leftovers/ledger-entry.ts';
import { locationOver, removeObject } from '../../../src/probe/leftovers/ledger-removal.ts';
import { settleMs } from '../../../src/probe/leftovers/ledger.ts';
import { anyManifest } from '../../../src/registry/manifest.ts';
import { answerOf } from '../../support/exchanges.ts';
import { blob, digest } from '../../support/ledger-entries.ts';
import { pathTo } from '../../support/paths.ts';
import { lines, type Scripted, scriptedClient } from '../../support/scripted-client.ts';

const nowMs = 1_700_000_000_000;
const origin = 'https://registry.example.org';
const place = '/v2/a/b/blobs/uploads/1?_state=x';
const session = blob(1, { kind: 'session', state: 'open', digest: undefined, origin, location: origin + place });
const lost = new NetworkError({ stage: 'wait', code: 'ECONNRESET', message: 'reset' });

/** An answer of the registry's own, with these codes. */
function ofRegistry(status: number, ...codes: readonly string[]): HttpResponse {
  const body = codes.length === 0 ? '' : JSON.stringify({ errors: codes.map((code) => ({ code, message: '' })) });
  return answerOf(status, { 'docker-distribution-api-version': 'registry/2.0' }, body);
}
const byHop = (status: number): HttpResponse =>
  answerOf(status, { server: 'nginx' }, '<html><center>nginx</center></html>');

/** What removing it comes to: a result, or the message of what is thrown; what was sent. */
async function removing(entry: LedgerEntry, answers: readonly Scripted[], signal = new AbortController().signal) {
  const { client, sent } = scriptedClient(answers, { signal });
  const outcome = await removeObject(client, entry, nowMs, signal).then(
    ({ result, refusal }) => (refusal === undefined ? result : `${result}: ${refusal.message}`),
    (error: unknown) => (error as Error).message,
  );
  return { outcome, sent, lines: lines(sent) };
}

describe('a session', () => {
  const cancel = `DELETE ${place}`;
  const look = `GET ${place}`;
  const refused = 'the registry refuses the Location it gave for the upload';

  test.each<readonly [what: string, answers: readonly Scripted[], outcome: string, sent: readonly string[]]>([
    ['gone after a 204', [answerOf(204), ofRegistry(404)], 'removed', [cancel, look]],
    ['gone after a 202', [answerOf(202), ofRegistry(404)], 'removed', [cancel, look]],
    ['gone after a 200', [answerOf(200), ofRegistry(404)], 'removed', [cancel, look]],
    ['of which no more is learnt', [answerOf(204), ofRegistry(500)], 'removed', [cancel, look]],
    [
      'there after the first cancellation',
      [answerOf(204), answerOf(204), answerOf(204), ofRegistry(404)],
      'removed',
      [cancel, look, cancel, look],
    ],
    ['unknown', [ofRegistry(404, 'BLOB_UPLOAD_UNKNOWN')], 'absent', [cancel]],
    ['unknown, without a code', [ofRegistry(404)], 'absent', [cancel]],
    ['unknown, in plain words', [answerOf(404, {}, 'no such upload')], 'absent', [cancel]],
    ['that is disowned', [ofRegistry(404, 'BLOB_UPLOAD_INVALID')], `disowned: ${refused}`, [cancel]],
    ['disowned among others', [ofRegistry(404, 'UNKNOWN', 'BLOB_UPLOAD_INVALID')], `disowned: ${refused}`, [cancel]],
    ['that a hop denies', [byHop(404)], 'nginx answered 404 in the place of the registry', [cancel]],
    [
      'that a router denies',
      [answerOf(404, { server: 'nginx', 'content-type': 'text/plain' }, 'default backend - 404')],
      'a hop answered 404 in the place of the registry',
      [cancel],
    ],
    [
      'that a hop denies in a word of its own',
      [answerOf(404, { server: 'cloudflare', 'cf-ray': '8f' }, 'gone')],
      'cloudflare answered 404 in the place of the registry',
      [cancel],
    ],
    ['that may not be cancelled', [ofRegistry(403)], 'DELETE for cleanup was answered 403', [cancel]],
    ['of which nothing comes back', [lost], 'reset', [cancel]],
  ])('%s', async (_what, answers, outcome, sent) => {
    expect(await removing(session, answers)).toMatchObject({ outcome, lines: sent });
  });

  test.each<readonly [what: string, signal: AbortSignal, outcome: string]>([
    ['was not looked at when we ended the look', AbortSignal.abort(), 'reset'],
    ['is taken for gone when the look came to nothing', new AbortController().signal, 'removed'],
  ])('%s', async (_what, signal, outcome) => {
    expect((await removing(session, [answerOf(204), lost], signal)).outcome).toBe(outcome);
  });

  // A wait is over at once where time is out.
  test('that the second cancellation does not find was there for the first one', async () => {
    const answers = [answerOf(204), answerOf(200), ofRegistry(404, 'BLOB_UPLOAD_INVALID')];
    const removal = await removing(session, answers, AbortSignal.abort());
    expect(removal).toMatchObject({ outcome: 'removed', lines: [cancel, look, cancel] });
  });

  test('that is still there after three cancellations is told with the answer that shows it', async () => {
    const { client, sent } = scriptedClient([204, 204, 204, 204, 204, 200].map((status) => answerOf(status)));
    await expect(removeObject(client, session, nowMs, AbortSignal.abort())).rejects.toMatchObject({
      message: 'the upload session is still there after its cancellation',
      step: 'cleanup',
      problem: 'unexpected_status',
      exchange: { method: 'GET', response: { status: 200 } },
    });
    expect(lines(sent)).toEqual([cancel, look, cancel, look, cancel, look]);
  });

  test.each([
    ['on a host that the path does not allow', 'https://uploads.example.net/1?token=canary'],
    ['nowhere', undefined],
    ['that is no URL', 'https://'],
  ])('%s is not asked for', async (_what, location) => {
    const { client, sent } = scriptedClient([]);
    const removal = removeObject(client, { ...session, location }, nowMs, client.signal);
    await expect(removal).rejects.toMatchObject({
      name: 'LocationElsewhere',
      message: "the upload's Location is on a host that path direct does not allow",
    });
    expect(sent).toEqual([]);
  });

  test.each([
    ['at the origin it was made over', `${origin}/v2/x?a=%2b`, 'http://internal:5000/v2/x?a=%2b'],
    ['at another one that the path allows', 'https://uploads.test/1', 'https://uploads.test/1'],
  ])('%s is reached over another path', (_what, location, href) => {
    const internal = pathTo('http://internal:5000', { allowHosts: ['uploads.test'] });
    expect(locationOver(internal, { ...session, location })?.href).toBe(href);
  });
});

describe('a blob or manifest', () => {
  const manifest = blob(1, { kind: 'manifest' });
  const atBlob = `/v2/a/b/blobs/${digest(1)}`;
  const deleted = [`DELETE ${atBlob}`, `HEAD ${atBlob}`];

  test.each<readonly [what: string, answers: readonly Scripted[], outcome: string, sent: readonly string[]]>([
    ['that is gone after a 202', [answerOf(202), ofRegistry(404)], 'removed', deleted],
    ['that is gone after a 200', [answerOf(200), ofRegistry(404)], 'removed', deleted],
    ['that is gone after a 204', [answerOf(204), ofRegistry(404)], 'removed', deleted],
    ['that was gone before', [ofRegistry(404), ofRegistry(404)], 'removed', deleted],
    ['of which no more is learnt', [answerOf(202), lost], 'removed', deleted],
    ['that is still there', [answerOf(202), answerOf(200)], 'the blob is still there after its deletion', deleted],
    ['that a hop denies', [byHop(404)], 'nginx answered 404 in the place of the registry', deleted.slice(0, 1)],
    [
      'that is not deleted here',
      [ofRegistry(405)],
      'undeletable: DELETE for cleanup was answered 405',
      deleted.slice(0, 1),
    ],
    ['whose deletion a hop forbids', [byHop(405)], 'DELETE for cleanup was answered 405', deleted.slice(0, 1)],
    ['that we may not delete', [ofRegistry(403)], 'DELETE for cleanup was answered 403', deleted.slice(0, 1)],
    ['of which nothing comes back', [lost], 'reset', deleted.slice(0, 1)],
  ])('%s', async (_what, answers, outcome, sent) => {
    expect(await removing(blob(1), answers)).toMatchObject({ outcome, lines: sent });
  });

  test('a manifest is deleted as one, and looked for in any form', async () => {
    const { outcome, sent } = await removing(manifest, [answerOf(202), answerOf(200)]);
    expect(outcome).toBe('the manifest is still there after its deletion');
    expect(lines(sent)).toEqual([`DELETE /v2/a/b/manifests/${digest(1)}`, `HEAD /v2/a/b/manifests/${digest(1)}`]);
    expect(sent.map(({ headers }) => headers['accept'])).toEqual([undefined, anyManifest]);
    const other = await removing(blob(1), [answerOf(202), ofRegistry(404)]);
    expect(other.sent.map(({ headers }) => headers['accept'])).toEqual([undefined, undefined]);
  });

  const justSettled = nowMs - settleMs;
  test.each<readonly [what: string, changes: Partial<LedgerEntry>, answers: readonly Scripted[], outcome: string]>([
    ['is not there yet', { createdAt: justSettled + 1 }, [ofRegistry(404)], 'unsettled'],
    ['cannot come any more', { createdAt: justSettled }, [ofRegistry(404)], 'absent'],
    [
      'is denied by a hop',
      { createdAt: 0 },
      [answerOf(404, {}, '<html>gone</html>')],
      'a hop answered 404 in the place of the registry',
    ],
    ['is there', { createdAt: nowMs, doubts: 1 }, [answerOf(200), answerOf(202), ofRegistry(404)], 'removed'],
    [
      'is there by one of two commits',
      { createdAt: nowMs, doubts: 2 },
      [answerOf(200), answerOf(202), ofRegistry(404)],
      'unsettled',
    ],
  ])('whose commit was not confirmed, and which %s', async (_what, changes, answers, outcome) => {
    const entry = blob(1, { state: 'committing', ...changes });
    const lines = [`HEAD ${atBlob}`, ...deleted].slice(0, answers.length);
    expect(await removing(entry, answers)).toMatchObject({ outcome, lines });
  });

  test.each<readonly [what: string, changes: Partial<LedgerEntry>, outcome: string]>([
    ['none', { createdAt: nowMs }, 'removed'],
    ['one that may still make it appear', { createdAt: justSettled + 1, doubts: 1 }, 'unsettled'],
    ['one that cannot any more', { createdAt: justSettled, doubts: 1 }, 'removed'],
  ])('that is stored, with commits in doubt: %s', async (_what, changes, outcome) => {
    expect((await removing(blob(1, changes), [answerOf(202), ofRegistry(404)])).outcome).toBe(outcome);
  });
});

test.each([
  ['a session', session, [answerOf(204), ofRegistry(404)], ['DELETE pull,push,delete', 'GET pull,push']],
  ['a blob', blob(1), [answerOf(202), ofRegistry(404)], ['DELETE pull,push,delete', 'HEAD pull,push']],
] as const)('the right to delete is asked for with the deletion of %s alone', async (_what, entry, answers, rights) => {
  const asked: string[] = [];
  const steps = new Set<string>();
  const { client, sent } = scriptedClient(answers, {
    authorizer: {
      authorization: (_url, actions) => Promise.resolve(void asked.push(actions.join(','))),
      challenged: () => Promise.resolve(false),
    },
    onStep: (step) => steps.add(step),
  });
  await removeObject(client, entry, nowMs, client.signal);
  expect(sent.map(({ method }, index) => `${method} ${asked[index]}`)).toEqual(rights);
  expect([...steps]).toEqual(['auth', 'cleanup']);
});
