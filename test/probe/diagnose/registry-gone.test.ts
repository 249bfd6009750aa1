import { expect, test } from 'vitest';
import { goneRegistry } from '../../../src/probe/diagnose/registry-gone.ts';
import type { Trial } from '../../../src/probe/diagnose/trial.ts';
import { fakeFailure, tooLarge } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { attempt, requestRecord } from '../../support/run-fixtures.ts';
import { trialOf } from '../../support/trials.ts';

const path = pathTo('http://registry.example', { name: 'edge' });
const inside = pathTo('http://10.0.0.1', { name: 'inside' });
const refused = fakeFailure('connect_refused', { phase: 'connect' });

/** A small push, at the end of an examination or at its beginning. */
function small(changes: Parameters<typeof trialOf>[0] = {}): Trial {
  return trialOf({ kind: 'small', sizeBytes: 65_536, failure: refused, ...changes });
}

function gone(here: readonly Trial[], there: readonly Trial[] = here) {
  return goneRegistry({ subject: { path, trials: here }, direct: { path: inside, trials: there } });
}

const again = small({ kind: 'again' });
const passed = trialOf({ kind: 'small', sizeBytes: 65_536 });
const answered = attempt({ requests: [requestRecord({ status: 500, responseHeaders: { range: '' } })] });

test('a registry that is away over both paths from the start is said to be so, once or twice over each', () => {
  const words = 'docker, 64 KiB: connect_refused, no answer in connect, after 0 ms';
  expect(gone([small()])).toMatchObject({
    cause: 'registry_down',
    confidence: 'likely',
    hop: 'registry_app',
    evidence: [`edge, ${words}`, `inside, ${words}`],
  });
  expect(gone([small(), trialOf({ failure: tooLarge })])?.confidence).toBe('certain');
  expect(gone([small(), small()], [small()])?.confidence).toBe('likely');
  // What got through is no failure.
  expect(gone([small(), trialOf()])?.confidence).toBe('likely');
});

test('one that went away meanwhile is known by the last small push over each', () => {
  expect(gone([passed, again])?.evidence.at(-1)).toBe('both paths had worked before');
  expect(gone([passed, again, small({ kind: 'again', failure: tooLarge })])).toBeUndefined();
  expect(gone([small(), trialOf({ kind: 'again' })])).toBeUndefined();
});

test.each<[string, readonly Trial[], readonly Trial[] | undefined]>([
  ['it is there over the one path', [passed], [small()]],
  ['it is there over the other', [small()], [passed]],
  ['nothing was pushed', [], []],
  ['only large pushes failed', [trialOf({ failure: refused })], undefined],
  ['it answered within the same push', [small({ run: { attempts: [answered] } })], undefined],
  ['the failure is of another kind', [small({ failure: tooLarge })], undefined],
  [
    'it says itself that it fails',
    [small({ failure: fakeFailure('registry_error', { status: 500, answeredBy: 'registry' }) })],
    undefined,
  ],
])('it is not said to be away where %s', (_what, here, there = here) => {
  expect(gone(here, there)).toBeUndefined();
});

test('without another path nothing is known of the registry', () => {
  expect(goneRegistry({ subject: { path, trials: [small()] } })).toBeUndefined();
});
