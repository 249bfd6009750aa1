import { beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import type { Fault } from '../../support/lab/faults/fault.ts';
import { bothRuns, type CaseOutcome, examineAll, type LabCase, named } from './lab-case.ts';

/** One trouble of a path behind nginx, alone or with another. */
interface Trouble {
  readonly name: string;
  readonly cause: string;
  readonly faults: (sizeBytes: number) => readonly Fault[];
  /** No push gets through: what else is wrong cannot be seen. */
  readonly total?: true;
  /** Troubles that it hides: they strike only those pushes that do not get so far. */
  readonly hides?: readonly string[];
  /** Slow bodies show it. */
  readonly slow?: true;
}

const troubles: readonly Trouble[] = [
  {
    name: 'size limit',
    cause: 'nginx_body_limit@ingress',
    faults: (bytes) => [{ kind: 'body-limit', limitBytes: Math.floor(bytes / 2), ending: 'linger' }],
  },
  {
    name: 'time limit',
    cause: 'request_time_limit@ingress',
    faults: () => [{ kind: 'total-duration', limitMs: 1_200, ending: 'reset', status: 0 }],
    slow: true,
  },
  {
    name: 'streamed bodies lost',
    cause: 'streamed_body_dropped@ingress',
    // Only docker asks for the blob afterwards, and it does not get so far.
    hides: ['HEAD without length'],
    faults: () => [{ kind: 'drop-undeclared-body' }],
  },
  {
    name: 'PATCH blocked',
    cause: 'method_blocked@ingress',
    hides: ['streamed bodies lost', 'HEAD without length'],
    faults: () => [{ kind: 'block-method', methods: ['PATCH'], status: 405 }],
  },
  {
    name: 'HEAD without length',
    cause: 'head_length_stripped@ingress',
    faults: () => [{ kind: 'strip-response-header', names: ['content-length'], when: { methods: ['HEAD'] } }],
  },
  {
    name: 'all methods blocked',
    cause: 'policy_block@ingress',
    faults: () => [{ kind: 'answer', status: 403, when: { methods: ['POST', 'PUT', 'PATCH'] } }],
    total: true,
  },
  {
    name: 'no upstream',
    cause: 'hop_cannot_reach_registry@ingress',
    faults: () => [{ kind: 'answer', status: 502 }],
    total: true,
  },
  {
    name: 'uploads sent elsewhere',
    cause: 'location_elsewhere@ingress',
    faults: () => [{ kind: 'rewrite-location', scheme: 'http', host: 'registry.invalid' }],
    total: true,
  },
];

interface Pair extends LabCase {
  readonly both: readonly [Trouble, Trouble];
}

const pairs: readonly Pair[] = troubles.flatMap((first, index) =>
  troubles.slice(index + 1).map((second): Pair => {
    const slow = first.slow ?? second.slow;
    return {
      name: `${first.name} and ${second.name}`,
      both: [first, second],
      identity: { style: 'nginx' },
      kind: 'ingress',
      // What blocks everything stands in front.
      faults: (bytes) => [first, second].toSorted(byTotal).flatMap(({ faults }) => faults(bytes)),
      ...(slow ? { slow: [300, 1_800] } : {}),
    };
  }),
);

function byTotal(a: Trouble, b: Trouble): number {
  return Number(b.total ?? false) - Number(a.total ?? false);
}

/** The trouble of a pair that keeps the other one from being seen; undefined: both can be seen. */
function hiding([first, second]: Pair['both']): Trouble | undefined {
  const total = [first, second].filter((one) => one.total);
  if (total.length > 0) return total[0];
  return [first, second].find(({ hides = [] }) => hides.includes(first.name) || hides.includes(second.name));
}

test('the table is long enough, and enough pairs hide nothing of each other', () => {
  expect(pairs.length).toBeGreaterThanOrEqual(20);
  expect(pairs.filter(({ both }) => hiding(both) === undefined).length).toBeGreaterThanOrEqual(7);
});

describe.each(bothRuns)('%s run, %d bytes', (_run, sizeBytes, seed) => {
  let outcomes: Map<string, CaseOutcome>;
  beforeAll(async () => {
    outcomes = await examineAll(pairs, sizeBytes, seed);
  });

  test.for(pairs)('$name', { timeout: 60_000 }, (pair) => {
    const { both } = pair;
    const { diagnosis, most } = outcomes.get(pair.name)!;
    const { why, notExamined, unexplained, facts } = diagnosis;
    onTestFailed(() => void process.stderr.write(`${[...facts, why, ...unexplained, ...notExamined].join('\n')}\n`));
    expect(diagnosis.kind).toBe('fault');
    expect(diagnosis.bytesSpent).toBeLessThanOrEqual(most);
    // Both are named; or the one in front is, and it is said that the other could be neither seen nor ruled out.
    const { causes, hidden, gap } = expected(both);
    expect(causes).toContainEqual(named(diagnosis));
    expect(/; (what .*could not be examined)$/.exec(why)?.[1] ?? '').toMatch(hidden);
    expect(notExamined.join('; ')).toMatch(gap);
  });
});

/** The causes that may be named, what is said to be hidden, and what is said not to have been examined. */
function expected(both: Pair['both']): { causes: string[][]; hidden: RegExp; gap: RegExp } {
  const front = hiding(both);
  if (front === undefined) return { causes: [both.map(({ cause }) => cause).sort()], hidden: /^$|as docker/, gap: /^/ };
  if (!front.total)
    return { causes: [[front.cause]], hidden: /^what else would happen to pushes as docker/, gap: /pushes as docker/ };
  const total = both.filter((one) => one.total).map(({ cause }) => cause);
  return {
    causes: [...total.map((cause) => [cause]), total.sort()],
    hidden: /^what lies behind/,
    gap: /no push got through/,
  };
}
