import { formatBytes } from '../byte-words.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { listed } from '../compare/verdict-words.ts';
import { isChunked } from './flips.ts';
import { pullGaps } from './pull-trials.ts';
import type { Examination, Examined, Trial } from './trial.ts';

/** What an examination has not seen of a path. */
interface Gaps {
  /** What a fault hides from the client in question, as the end of a sentence; undefined: nothing. */
  readonly hidden: string | undefined;
  /** One sentence each. */
  readonly notExamined: readonly string[];
}

/** What a fault hides: nothing is said of it, neither good nor bad. Pure. */
export function gapsOf({ subject, pulled, leftOut = [] }: Examination): Gaps {
  const { hidden, notExamined } = gapsOfPath(subject);
  return { hidden, notExamined: [...notExamined, ...(pulled === undefined ? [] : pullGaps(pulled)), ...leftOut] };
}

function gapsOfPath({ trials, sizeLimit, durationLimit }: Examined): Gaps {
  const passed = trials.filter(({ run }) => run.ok);
  if (trials.length > 0 && passed.length === 0) {
    const what = 'sizes, wire shapes and times: no push got through, so another fault would not show';
    return { hidden: 'what lies behind could not be examined', notExamined: [what] };
  }
  const never = clientsWithout(trials, passed);
  const own = trials[0] && clientOf(trials[0]);
  const notExamined = [
    ...(never.length === 0 ? [] : [`what else happens to pushes as ${listed(never)}: none got through`]),
    ...ofSize(trials, passed, sizeLimit?.largestAccepted),
    ...ofTime(durationLimit?.largestAccepted, durationLimit?.smallestRejected),
  ];
  const hidden = never.find((name) => name === own);
  return {
    hidden: hidden && `what else would happen to pushes as ${hidden} could not be examined`,
    notExamined,
  };
}

/** In these ways a small body was sent, and not even that got through. */
function clientsWithout(trials: readonly Trial[], passed: readonly Trial[]): string[] {
  const smallest = Math.min(...trials.map(({ sizeBytes }) => sizeBytes));
  const names = new Set(trials.filter(({ sizeBytes }) => sizeBytes === smallest).map(clientOf));
  passed.forEach((trial) => names.delete(clientOf(trial)));
  return [...names];
}

function clientOf({ run }: Trial): string {
  return run.check.client.name;
}

function ofSize(trials: readonly Trial[], passed: readonly Trial[], largestAccepted: number | undefined): string[] {
  const triedBytes = Math.max(...trials.map(({ sizeBytes }) => sizeBytes));
  const whole = passed.filter((trial) => !isChunked(trial));
  const passedBytes = Math.max(largestAccepted ?? 0, ...whole.map(({ sizeBytes }) => sizeBytes));
  return triedBytes <= passedBytes
    ? []
    : [`bodies above ${formatBytes(passedBytes)}: none got through, so a further limit above that would not show`];
}

function ofTime(largestAccepted: number | undefined, smallestRejected: number | undefined): string[] {
  if (largestAccepted === undefined) return ['limits on time: no slow body was sent, or none got through'];
  return smallestRejected === undefined
    ? []
    : [`bodies that take longer than ${formatDuration(largestAccepted * 1_000)}: none got through`];
}
