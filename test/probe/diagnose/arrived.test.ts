import { expect, test } from 'vitest';
import { arrivedOf, askedLike } from '../../../src/probe/diagnose/arrived.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { trialOf } from '../../support/trials.ts';

const MiB = 1024 ** 2;

test.each([
  ['nothing', 100 * MiB, 0, 'nothing'],
  ['all but what is under way in sockets: 8 MiB', 20 * MiB, 12 * MiB, 'most'],
  ['a byte less', 20 * MiB, 12 * MiB - 1, 'part'],
  ['of a short body all but three quarters', 4 * MiB, MiB, 'most'],
  ['a byte less of a short one', 4 * MiB, MiB - 1, 'part'],
  ['of a long body all but a tenth', 150 * MiB, 135 * MiB, 'most'],
  ['a byte less of a long one', 150 * MiB, 135 * MiB - 1, 'part'],
  ['all of it', 150 * MiB, 200 * MiB, 'whole'],
  ['of what a single socket may have lost: no telling', 64 * 1024, 0, undefined],
  ['of a byte more', 64 * 1024 + 1, 0, 'nothing'],
  ['unasked', 100 * MiB, undefined, undefined],
] as const)('the registry holds %s', (_what, sentBytes, heldBytes, share) => {
  const failure = fakeFailure('connection_reset', { sentBytes });
  expect(arrivedOf(failure, trialOf({ failure, sizeBytes: 200 * MiB, run: { heldBytes } }))).toBe(share);
});

test('where it is not known what arrived, a push of the same size that was cut in the same way tells it', () => {
  const failure = fakeFailure('connection_reset');
  const cut = trialOf({ failure });
  const held = trialOf({ failure, run: { heldBytes: 1 } });
  const smaller = trialOf({ failure, sizeBytes: 1, run: { heldBytes: 2 } });
  const refused = trialOf({ failure: fakeFailure('session_lost'), run: { heldBytes: 3 } });
  const through = trialOf({ run: { heldBytes: 4 } });
  expect(askedLike(cut, [cut, smaller, refused, through, held])).toBe(held);
  expect(askedLike(cut, [cut, smaller, refused, through])).toBe(cut);
  expect(askedLike(trialOf(), [held, through])).toBe(through);
  const own = trialOf({ failure, run: { heldBytes: 5 } });
  expect(askedLike(own, [held, own])).toBe(own);
});
