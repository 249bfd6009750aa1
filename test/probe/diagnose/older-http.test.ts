import { expect, test } from 'vitest';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { pushOlderHttp } from '../../../src/probe/diagnose/older-http.ts';
import type { TrialLog } from '../../../src/probe/diagnose/trial-log.ts';
import type { Trial, TrialKind } from '../../../src/probe/diagnose/trial.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { check } from '../../support/run-fixtures.ts';
import { trialOf } from '../../support/trials.ts';

const MB = 1_000_000;

interface Pushed {
  readonly client?: 'crane' | 'docker';
  readonly kind?: TrialKind;
  readonly over?: '1.1' | '2';
  readonly sizeBytes?: number;
  readonly bytesPerSecond?: number;
  readonly failure?: Failure;
}

function pushed({ client = 'crane', kind = 'full', over = '2', sizeBytes = 8 * MB, ...more }: Pushed = {}): Trial {
  const { bytesPerSecond = MB, failure } = more;
  const run = {
    check: check({ client: clientProfiles[client] }),
    pathFacts: { httpVersion: over },
    pushBytesPerSecond: bytesPerSecond,
    tainted: false,
  };
  return trialOf({ kind, sizeBytes, failure, run });
}

/** What is pushed after these, each `kind: size, version of the client`; over HTTP/1.1 it has this speed, or fails. */
async function after(trials: readonly Trial[], older: Pushed = {}): Promise<string[]> {
  const all = [...trials];
  const made: string[] = [];
  const push: TrialLog['push'] = (kind, { check: asked, shape }, sizeBytes) => {
    made.push(`${kind}: ${sizeBytes / MB} MB, ${asked.client.httpVersion}`);
    const over = asked.client.httpVersion === '1.1' ? '1.1' : '2';
    all.push({ ...pushed({ ...older, kind, sizeBytes, over }), shape });
    return Promise.resolve(older.failure === undefined);
  };
  const failed = trials.filter(({ run }) => !run.ok);
  await pushOlderHttp({ trials: all, failed, push } as unknown as TrialLog);
  return made;
}

const version = clientProfiles.crane.httpVersion;
const broken = pushed({ failure: fakeFailure('http2_error'), sizeBytes: 4 * MB });
const cut = pushed({ failure: fakeFailure('connection_reset'), sizeBytes: 2 * MB });

test('where the client, or the path, does not speak HTTP/2 there is nothing to compare', async () => {
  expect(await after([])).toEqual([]);
  expect(await after([pushed({ client: 'docker' })])).toEqual([]);
  expect(await after([pushed({ over: '1.1' })])).toEqual([]);
});

test('what HTTP/2 broke is pushed over HTTP/1.1, and once more when it gets through', async () => {
  const older = 'version: 4 MB, 1.1';
  expect(await after([pushed(), cut, broken])).toEqual([older, older]);
  expect(await after([pushed(), cut, broken], { failure: cut.run.failure! })).toEqual([older]);
});

test('what is slow over HTTP/2 is pushed in turn, twice over HTTP/1.1', async () => {
  const small = pushed({ kind: 'small', sizeBytes: MB });
  const older = 'version: 8 MB, 1.1';
  expect(await after([small, pushed(), cut], { bytesPerSecond: 4 * MB })).toEqual([
    older,
    `full: 8 MB, ${version}`,
    older,
  ]);
  expect(await after([small, pushed(), cut], { bytesPerSecond: 2 * MB })).toEqual([older]);
});

test('where nothing got through over HTTP/2, the first push of such a client is', async () => {
  const chunked = pushed({ client: 'docker', over: '1.1', sizeBytes: 16 * MB });
  expect(await after([chunked, cut, { ...cut, sizeBytes: 3 * MB }])).toEqual(['version: 2 MB, 1.1']);
});
