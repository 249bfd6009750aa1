import { createServer } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { holdConnection } from '../../../src/probe/diagnose/held-connection.ts';
import { provenContrasts } from '../../../src/probe/diagnose/flips.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { Opened } from '../../support/servers.ts';
import { trialOf } from '../../support/trials.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

/** A registry that hangs up on connections above so many, and keeps those that it takes open, or not. */
async function limited(most: number, keeps = true): Promise<string> {
  const server = createServer((_request, response) => {
    if (!keeps) response.setHeader('connection', 'close');
    response.end('{}');
  });
  let taken = 0;
  server.on('connection', (socket) => {
    taken += 1;
    if (taken > most) socket.destroy();
  });
  return `http://127.0.0.1:${(await opened.listen(server)).port}`;
}

async function hold(origin: string, signal = new AbortController().signal) {
  const { clock } = runDeps();
  return holdConnection(checkOf(origin), { ...clock, sleep: async () => {} }, { signal, timeoutMs: 60_000 });
}

test.each([
  ['new ones are hung up on, and the open one is answered', 3, true, { refused: 19, answered: 2 }],
  ['all get in', 100, true, { refused: 0, answered: 0 }],
  ['the open one is closed by the server: another one is no answer', 3, false, { refused: 19, answered: 0 }],
  ['none gets in', 0, true, { refused: 0, answered: 0 }],
] as const)('%s', async (_what, most, keeps, seen) => {
  expect(await hold(await limited(most, keeps))).toEqual(seen);
});

test('every second connection is hung up on, as where one of two servers behind an address is dead', async () => {
  const server = createServer((_request, response) => void response.end('{}'));
  let taken = 0;
  server.on('connection', (socket) => {
    taken += 1;
    if (taken % 2 === 0) socket.destroy();
  });
  const { port } = await opened.listen(server);
  expect(await hold(`http://127.0.0.1:${port}`)).toEqual({ refused: 0, answered: 0 });
});

test('nobody listens, and whoever asks has given up', async () => {
  expect(await hold('http://127.0.0.1:1', AbortSignal.abort())).toEqual({ refused: 0, answered: 0 });
});

test.each([
  ['connect_refused', { refused: 2, answered: 2 }, true],
  ['connection_reset', { refused: 2, answered: 2 }, true],
  ['connect_refused', { refused: 2, answered: 1 }, false],
  ['connect_refused', undefined, false],
  ['body_too_large', { refused: 2, answered: 2 }, false],
] as const)('the contrast `held` of %s with %o: %s', (reason, held, isProven) => {
  const trial = trialOf({ failure: fakeFailure(reason, { sentBytes: 0, answeredBy: 'none' }) });
  const subject = { path: pathTo('http://registry.example'), trials: [trial] };
  const symptom = { failure: trial.run.failure!, what: 'a push', trial };
  expect(provenContrasts(symptom, { subject, held }).has('held')).toBe(isProven);
});
