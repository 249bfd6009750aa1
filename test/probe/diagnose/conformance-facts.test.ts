import { expect, test } from 'vitest';
import { conformanceBytes, conformanceFacts } from '../../../src/probe/diagnose/conformance-facts.ts';
import { behaviourNames, type ConformanceRound } from '../../../src/probe/diagnose/conformance.ts';

function roundOver(path: string, words: string, sentBytes = 0): ConformanceRound {
  const seen = { outcome: 'supported', words } as const;
  const behaviours = Object.fromEntries(behaviourNames.map((name) => [name, seen])) as ConformanceRound['behaviours'];
  return { path, opened: true, behaviours, sentBytes };
}

test('of several rounds the first over each path is told, one sentence a behaviour', () => {
  const [first, second] = [roundOver('edge', 'answered 201'), roundOver('edge', 'answered 202')];
  const told = (path: string) => behaviourNames.map((name) => `${path}: ${name}: supported, answered 201`);
  const there = roundOver('inside', 'answered 201');
  expect(conformanceFacts({ subject: [first, second], direct: [there] })).toEqual([...told('edge'), ...told('inside')]);
  expect(conformanceFacts({ subject: [first], direct: [] })).toEqual(told('edge'));
  expect(conformanceFacts({ subject: [], direct: [] })).toEqual([]);
  expect(conformanceFacts(undefined)).toEqual([]);
});

test('what all rounds sent is added up', () => {
  const rounds = [roundOver('edge', '', 1), roundOver('edge', '', 20)];
  expect(conformanceBytes({ subject: rounds, direct: [roundOver('inside', '', 300)] })).toBe(321);
  expect([conformanceBytes({ subject: [], direct: [] }), conformanceBytes(undefined)]).toEqual([0, 0]);
});
