import { describe, expect, test } from 'vitest';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import { RunAborted } from '../../../src/probe/bounded-signal.ts';
import type { ClientProfile } from '../../../src/probe/clients/client-profile.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { Ledger } from '../../../src/probe/leftovers/ledger.ts';
import { RunTrail } from '../../../src/probe/leftovers/ledger-trail.ts';
import type { AttemptWork } from '../../../src/probe/run/attempt.ts';
import { afterPing, blobSteps, manifestSteps } from '../../../src/probe/run/push-steps.ts';
import { imageManifest } from '../../../src/registry/manifest.ts';
import { createPayloadSource } from '../../../src/registry/payload.ts';
import { freshNotes } from '../../support/attempt-notes.ts';
import { checkOf } from '../../support/checks.ts';
import { answerOf } from '../../support/exchanges.ts';
import { lines, type Scripted, scriptedClient } from '../../support/scripted-client.ts';

const payload = await createPayloadSource('test').prepare(1_000, Buffer.alloc(32));
const blob = `/v2/a/b/blobs/${payload.digest}`;
const manifest = imageManifest('oci', payload, [payload]);
const pulling = { random: () => 0 };

function trailOf(): { readonly trail: RunTrail; readonly ledger: Ledger } {
  const ledger = new Ledger();
  return { ledger, trail: new RunTrail(ledger, checkOf('https://registry.example.org'), new Redactor()) };
}

/** What the work of an attempt sends and notes, and what it ends with. */
async function done(work: AttemptWork, answers: readonly Scripted[]) {
  const { client, sent } = scriptedClient(answers);
  const notes = freshNotes();
  const error: unknown = await work(client, notes, pulling).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { asked: lines(sent), sent, notes, error };
}

describe('the ping', () => {
  const order: string[] = [];
  const work: AttemptWork = (_client, { pinging }) => {
    order.push(`work${pinging ? ', pinging' : ''}`);
    return Promise.resolve();
  };
  const pinged = (ping: ClientProfile['ping'], answers: readonly Scripted[]) => {
    order.length = 0;
    return done(
      afterPing({ ...clientProfiles.docker, ping }, () => order.push('pinged'), work),
      answers,
    );
  };

  test.each([true, 'each-attempt'] as const)('is sent first, and over before the work begins: %s', async (ping) => {
    const { asked, error, notes } = await pinged(ping, [answerOf(200)]);
    expect([asked, error, notes.pinging, order]).toEqual([['GET /v2/'], undefined, false, ['pinged', 'work']]);
  });

  test('that fails is known as such, and nothing comes after it', async () => {
    const { error, notes } = await pinged(true, [answerOf(503)]);
    expect(error).toMatchObject({ step: 'auth', problem: 'unexpected_status' });
    expect([notes.pinging, order]).toEqual([true, []]);
  });

  test('is left out by clients that send none', async () => {
    const { asked } = await pinged(false, []);
    expect([asked, order]).toEqual([[], ['pinged', 'work']]);
  });

  test('leaves the work what it was given', async () => {
    let given: unknown;
    const takes: AttemptWork = (_client, _notes, pull) => Promise.resolve(void (given = pull));
    await done(
      afterPing({ ...clientProfiles.docker, ping: false }, () => {}, takes),
      [],
    );
    expect(given).toBe(pulling);
  });
});

const opens = answerOf(202, { location: '/v2/a/b/blobs/uploads/1' });
const stored = answerOf(201);
const missing = answerOf(404);
const present = answerOf(200, { 'content-length': '1000' });
/** POST and PUT, and no question. */
const bare: ClientProfile = {
  ...clientProfiles.monolithic,
  headBefore: false,
  headAfter: false,
  ping: false,
  shape: 'put-length',
};

describe('a blob', () => {
  const push = (changes: Partial<ClientProfile>, answers: readonly Scripted[]) => {
    const { trail, ledger } = trailOf();
    return done(blobSteps({ ...bare, ...changes }, payload, trail), answers).then((result) => ({ ...result, ledger }));
  };
  const sends = [
    'POST /v2/a/b/blobs/uploads/',
    `PUT /v2/a/b/blobs/uploads/1?digest=${encodeURIComponent(payload.digest)}`,
  ];

  test.each<readonly [ClientProfile['headBefore'], number]>([
    [false, 0],
    [true, 1],
    ['twice', 2],
  ])('is asked for before, as often as the client does: %s', async (headBefore, times) => {
    const heads = Array.from({ length: times }, () => missing);
    const { asked, error, notes, ledger } = await push({ headBefore }, [...heads, opens, stored]);
    expect(error).toBeUndefined();
    expect(asked).toEqual([...heads.map(() => `HEAD ${blob}`), ...sends]);
    expect(notes).toMatchObject({ committedBytes: 1_000, fellBack: false });
    expect(notes.session?.location.pathname).toBe('/v2/a/b/blobs/uploads/1');
    expect(ledger.entries).toMatchObject([{ kind: 'blob', state: 'stored', digest: payload.digest }]);
  });

  test('that is there already is pushed all the same', async () => {
    expect((await push({ headBefore: true }, [present, opens, stored])).asked).toEqual([`HEAD ${blob}`, ...sends]);
  });

  test('is asked for with the headers of the client, by GET once more where it does so', async () => {
    const headHeaders = { accept: 'x/y' };
    const asking = { headBefore: true, headHeaders, getAfterForbiddenHead: true } as const;
    const { asked, sent, error } = await push(asking, [answerOf(403), answerOf(403)]);
    expect(asked).toEqual([`HEAD ${blob}`, `GET ${blob}`]);
    expect(sent[0]?.headers).toMatchObject(headHeaders);
    expect(error).toMatchObject({ step: 'start' });
  });

  test('whose question is refused is given up, but by clients that go on whatever it says', async () => {
    const asking = { headBefore: true } as const;
    const refused = await push(asking, [answerOf(500)]);
    expect([refused.asked, refused.error]).toMatchObject([[`HEAD ${blob}`], { step: 'start' }]);
    const goesOn = await push({ ...asking, ignoresHead: true }, [answerOf(500), opens, stored]);
    expect([goesOn.error, goesOn.asked.length]).toEqual([undefined, 3]);
    const ended = new Error('ended', { cause: new RunAborted('deadline') });
    expect(await push({ ...asking, ignoresHead: true }, [ended])).toMatchObject({
      error: ended,
      asked: [`HEAD ${blob}`],
    });
  });

  test('is looked for afterwards where the client does so, and counts as stored whatever that says', async () => {
    const { error, asked, notes } = await push({ headAfter: true }, [opens, stored, missing]);
    expect(error).toMatchObject({ step: 'verify' });
    expect([asked.at(-1), notes.committedBytes]).toEqual([`HEAD ${blob}`, 1_000]);
    expect((await push({ headAfter: true }, [opens, stored, present])).error).toBeUndefined();
    const wrong = answerOf(200, { 'content-length': '999' });
    expect((await push({ headAfter: true }, [opens, stored, wrong])).error).toMatchObject({ problem: 'length_wrong' });
  });

  test('that is refused is not stored', async () => {
    const { notes, error } = await push({ headAfter: true }, [opens, answerOf(413)]);
    expect(error).toMatchObject({ step: 'send' });
    expect([notes.committedBytes, notes.session?.location.pathname]).toEqual([0, '/v2/a/b/blobs/uploads/1']);
  });

  test('whose client takes its second way of sending says so', async () => {
    const { notes } = await push({ shape: 'post-length' }, [opens, stored]);
    expect(notes.fellBack).toBe(true);
  });
});

describe('a manifest', () => {
  const put = (profile: Partial<ClientProfile>, answers: readonly Scripted[]) => {
    const { trail, ledger } = trailOf();
    const steps = manifestSteps({ ...bare, ...profile }, 'latest', manifest, trail);
    return done(steps, answers).then((result) => ({ ...result, ledger }));
  };
  const at = '/v2/a/b/manifests/latest';

  test('is put and looked for, and written down', async () => {
    const { asked, error, notes, ledger } = await put({}, [stored, answerOf(200)]);
    expect([asked, error]).toEqual([[`PUT ${at}`, `HEAD ${at}`], undefined]);
    expect(notes.committedBytes).toBe(manifest.bytes.byteLength);
    expect(ledger.entries).toMatchObject([{ kind: 'manifest', state: 'stored', digest: manifest.digest }]);
  });

  test('that is refused is not stored, one that is not found afterwards is', async () => {
    const refused = await put({}, [answerOf(400)]);
    expect([refused.notes.committedBytes, refused.error]).toMatchObject([0, { step: 'commit' }]);
    expect(refused.ledger.entries).toEqual([]);
    const lost = await put({}, [stored, missing]);
    expect([lost.notes.committedBytes, lost.error]).toMatchObject([manifest.bytes.byteLength, { step: 'verify' }]);
  });

  test('must be named in the answer for clients that need that', async () => {
    const named = answerOf(201, { 'docker-content-digest': manifest.digest });
    const needs = { needsManifestDigest: true };
    expect((await put(needs, [stored])).error).toMatchObject({ problem: 'digest_missing' });
    expect((await put(needs, [named, answerOf(200)])).error).toBeUndefined();
  });
});
