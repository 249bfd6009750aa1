import { expect, test } from 'vitest';
import { buildServer } from '../../../src/server/server.ts';
import { serverDeps } from '../../support/server-fixtures.ts';

function setup() {
  const calls: (string | undefined)[] = [];
  let state: { since: Date; until?: Date } | undefined;
  const app = buildServer(
    serverDeps({
      pause: {
        state: () => state,
        pause(forText) {
          calls.push(forText);
          if (forText === 'soon') return { error: 'for: expected a duration' };
          state = { since: new Date(0), ...(forText === undefined ? {} : { until: new Date(60_000) }) };
          return state;
        },
        resume: () => (state = undefined),
      },
    }),
  );
  return { app, calls };
}

test('pause and resume answer with the state, and the status says it too', async () => {
  const { app, calls } = setup();
  const paused = await app.inject({ method: 'POST', url: '/api/v1/pause?for=1m' });
  expect(paused.statusCode).toBe(200);
  const state = { paused: true, since: '1970-01-01T00:00:00.000Z', until: '1970-01-01T00:01:00.000Z' };
  expect(paused.json()).toEqual(state);
  expect((await app.inject('/api/v1/status')).json()).toMatchObject({ pause: state });
  const resumed = await app.inject({ method: 'POST', url: '/api/v1/resume' });
  expect([resumed.statusCode, resumed.json()]).toEqual([200, { paused: false }]);
  expect((await app.inject('/api/v1/status')).json()).toMatchObject({ pause: { paused: false } });
  expect(calls).toEqual(['1m']);
});

test('a time that is none is refused, and so is what another site makes a browser send', async () => {
  const { app, calls } = setup();
  const bad = await app.inject({ method: 'POST', url: '/api/v1/pause?for=soon' });
  expect([bad.statusCode, bad.json()]).toEqual([400, { error: 'for: expected a duration' }]);
  for (const url of ['/api/v1/pause', '/api/v1/resume']) {
    const answer = await app.inject({ method: 'POST', url, headers: { 'sec-fetch-site': 'cross-site' } });
    expect(answer.statusCode).toBe(403);
    const get = await app.inject(url);
    expect([get.statusCode, get.headers['allow']]).toEqual([405, 'POST']);
  }
  expect(calls).toEqual(['soon']);
});
