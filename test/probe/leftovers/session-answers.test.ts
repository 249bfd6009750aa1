import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import { askForSession, askHeldBytes } from '../../../src/probe/leftovers/left-session.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { blob } from '../../support/ledger-entries.ts';
import { type Scene, startScriptedRegistry, uploadLocation } from '../../support/scripted-registry.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const ofRegistry = { 'docker-distribution-api-version': 'registry/2.0' };
const known = (scene: Scene): void => scene.answer(204, { ...ofRegistry, range: '0-9' });
const disowned = (scene: Scene): void => scene.answer(404, ofRegistry);
const byNginx =
  (status: number) =>
  (scene: Scene): void =>
    scene.answer(status, { server: 'nginx' }, `<center><h1>${status}</h1></center><hr><center>nginx</center>`);

/** What is asked of a session whose questions get these answers in turn, from 1. */
async function asking(
  answer: (nth: number) => (scene: Scene) => unknown,
  isOpen = true,
  ending = new AbortController(),
) {
  let asked = 0;
  const registry = opened.own(
    await startScriptedRegistry({ [`GET ${uploadLocation}`]: (scene) => answer((asked += 1))(scene) }),
  );
  const location = `${registry.url}${uploadLocation}`;
  const entry = blob(1, { kind: 'session', state: 'open', digest: undefined, location });
  const what = {
    check: checkOf(registry.url),
    deps: runDeps({}, []),
    redactor: new Redactor(),
    entries: isOpen ? [entry] : [],
    cancelled: ending.signal,
  };
  return { what, times: () => asked, connections: () => registry.openConnections };
}

describe('a dozen questions for a session', () => {
  test.each<[what: string, answer: (nth: number) => (scene: Scene) => unknown, answers: object, times: number]>([
    ['that is known', () => known, { known: 12, disowned: 0, elsewhere: 0 }, 12],
    ['that is disowned', () => disowned, { known: 0, disowned: 12, elsewhere: 0 }, 12],
    ['by turns, which four of them show', (nth) => (nth % 2 ? known : disowned), { known: 2, disowned: 2 }, 4],
    ['that a hop denies', () => byNginx(404), { known: 0, disowned: 0, elsewhere: 12 }, 12],
    ['of which a hop says that it has trouble', () => byNginx(500), { known: 0, disowned: 0, elsewhere: 0 }, 12],
    [
      'that nobody denies who is known',
      () => (scene) => scene.answer(404, {}, 'gone'),
      { known: 0, disowned: 0, elsewhere: 0 },
      12,
    ],
    ['that are too many', () => byNginx(429), { known: 0, disowned: 0, elsewhere: 0 }, 4],
    ['that get no answer', () => (scene) => scene.reset(), { known: 0, disowned: 0, elsewhere: 0 }, 12],
  ])('%s', async (_what, answer, answers, times) => {
    const { what, times: asked, connections } = await asking(answer);
    expect(await askForSession(what)).toMatchObject(answers);
    expect(asked()).toBe(times);
    await expect.poll(connections).toBe(0);
    expect(getEventListeners(what.cancelled, 'abort')).toEqual([]);
  });

  test('that is not there, or when the run is cancelled: nothing is asked', async () => {
    const cancelled = new AbortController();
    cancelled.abort();
    for (const [isOpen, ending] of [
      [false, new AbortController()],
      [true, cancelled],
    ] as const) {
      const { what, times } = await asking(() => known, isOpen, ending);
      expect([await askForSession(what), await askHeldBytes(what), times()]).toEqual([undefined, undefined, 0]);
    }
  });
});

test('what a session holds is asked until two answers in a row agree', async () => {
  const to = (last: number) => (scene: Scene) => scene.answer(204, { ...ofRegistry, range: `0-${last}` });
  const { what, times, connections } = await asking((nth) => to([9, 19, 29][nth - 1] ?? 29));
  expect([await askHeldBytes(what), times()]).toEqual([30, 4]);
  await expect.poll(connections).toBe(0);
});
