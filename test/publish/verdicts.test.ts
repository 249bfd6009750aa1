import { expect, test } from 'vitest';
import type { Round } from '../../src/probe/compare/round.ts';
import type { RoundVerdict } from '../../src/probe/compare/verdict.ts';
import { Verdicts, verdictTexts } from '../../src/publish/verdicts.ts';

function round(registry: string, workload: string, verdict: RoundVerdict, minute = 0): Round {
  const startedAt = new Date(minute * 60_000);
  return {
    id: `${registry}-${workload}-${minute}`,
    registry,
    client: 'docker',
    workload,
    startedAt,
    runs: [],
    verdict,
  };
}

const healthy: RoundVerdict = { kind: 'healthy', why: 'all got through' };
const unclear: RoundVerdict = { kind: 'inconclusive', why: 'only one path' };
const down: RoundVerdict = {
  kind: 'registry-fault',
  reason: 'connect_refused',
  hop: 'registry_app',
  why: 'nothing answers',
};
const fault = { path: 'edge', reason: 'body_too_large', hop: 'edge', evidence: 'edge: 413', runId: 'r' } as const;
const faulty: RoundVerdict = {
  kind: 'path-fault',
  why: 'edge: 413',
  faults: [
    { ...fault, remedy: 'Upgrade.' },
    { ...fault, remedy: 'Upgrade.' },
  ],
};

test('keeps the last round of each registry, client and workload, and gives back the one before', () => {
  const verdicts = new Verdicts();
  const first = round('gitea', 'large', healthy);
  const second = round('gitea', 'large', faulty, 1);
  expect(verdicts.add(first)).toBeUndefined();
  expect(verdicts.add(round('gitea', 'small', healthy))).toBeUndefined();
  expect(verdicts.add(second)).toBe(first);
  expect(verdicts.list().map(({ id }) => id)).toEqual(['gitea-large-1', 'gitea-small-0']);
  verdicts.retain([{ registry: 'gitea', client: 'docker', workload: 'small' }]);
  expect(verdicts.list().map(({ workload }) => workload)).toEqual(['small']);
});

test('the status page gets the worst of each registry, the newest of equals, with its remedies once', () => {
  const rounds = [
    round('gitea', 'small', healthy, 9),
    round('gitea', 'large', faulty, 1),
    round('gitea', 'medium', unclear, 8),
    round('harbor', 'small', down, 1),
    round('harbor', 'large', down, 2),
  ];
  expect(verdictTexts(rounds)).toEqual([
    { registry: 'gitea', sentence: 'A path is at fault, by large pushes as docker: edge: 413.', remedy: 'Upgrade.' },
    { registry: 'harbor', sentence: 'The registry is at fault, by large pushes as docker: nothing answers.' },
  ]);
});
