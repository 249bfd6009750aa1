import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Finding } from '../../src/probe/diagnose/finding.ts';
import { type Component, describeWithComponents } from '../support/component.ts';
import { type Case, misjudged, onStage, wrongAbout } from './cases/case.ts';
import { answerCases } from './cases/answers.ts';
import { behindCases } from './cases/behind.ts';
import { limitCases } from './cases/limits.ts';
import { manifestCases } from './cases/manifests.ts';
import { networkCases } from './cases/network.ts';
import { pullCases } from './cases/pulls.ts';
import { registryCases } from './cases/registries.ts';
import { routeCases } from './cases/routes.ts';
import { ruleCases } from './cases/rules.ts';
import { timeCases } from './cases/times.ts';
import { twinCases } from './cases/twins.ts';
import { notYetRight } from './cases/not-yet-right.ts';
import { hopPrograms } from './hops/hop.ts';
import { type CertificateFiles, makeCertificates } from './support/certificates.ts';
import { type TemporaryDirectory, temporaryDirectory } from './support/temporary-directory.ts';

/** Those that wait longest go first, so that none of them waits alone at the end. */
const cases: readonly Case[] = [
  ...timeCases,
  ...pullCases,
  ...behindCases,
  ...networkCases,
  ...limitCases,
  ...routeCases,
  ...registryCases,
  ...ruleCases,
  ...manifestCases,
  ...answerCases,
  ...twinCases,
];
const here = cases.filter(({ hosts }) => hosts === undefined);
const apart = cases.filter(({ hosts }) => hosts !== undefined);

// A case mostly waits: six at a time leave some of the processors idle.
vi.setConfig({ maxConcurrency: 6 });

let directory: TemporaryDirectory;
let tls: CertificateFiles;

const judge = (one: Case): Promise<void> =>
  onStage(one, tls, async (question, network) => expect(await wrongAbout(one, question, network)).toEqual([]));

function declare(rows: readonly Case[]): void {
  for (const one of rows) {
    const isLate = one.name in notYetRight;
    (isLate ? test.fails : test)(one.name, { timeout: 240_000 }, () => judge(one));
  }
}

describe('what is right to say', () => {
  const finding: Finding = {
    cause: 'nginx_body_limit',
    title: 'nginx refuses bodies above its size limit',
    hop: 'ingress',
    nextTest: '',
    confidence: 'certain',
    remedy: 'Set `client_max_body_size 0;`',
    reference: '',
    evidence: ['413'],
  };
  const empty = { findings: [], unexplained: [], notExamined: [], facts: [], why: 'why', bytesSpent: 0 };
  const fault = { right: /client_max_body_size/, hops: ['ingress'] as const };
  const rows = [
    [
      'a finding on a healthy path',
      'healthy',
      { ...empty, kind: 'fault' as const, findings: [finding] },
      ['false alarm: fault: why'],
    ],
    ['the right finding', fault, { ...empty, kind: 'fault' as const, findings: [finding] }, []],
    [
      'at another hop',
      { ...fault, hops: ['edge'] as const },
      { ...empty, kind: 'fault' as const, findings: [finding] },
      ['wrong: nginx_body_limit at ingress, certain', 'not named: fault: why'],
    ],
    ['nothing seen', fault, { ...empty, kind: 'healthy' as const }, ['not seen: healthy']],
    [
      'unknown where that is honest',
      { ...fault, unknown: /413/ },
      { ...empty, kind: 'inconclusive' as const, unexplained: ['a 413'] },
      [],
    ],
    [
      'unknown, the words left out',
      { ...fault, unknown: /413/ },
      { ...empty, kind: 'inconclusive' as const },
      ['unknown, and /413/ is not quoted: why'],
    ],
    [
      'what must not be said, even as open',
      { ...fault, never: /nginx/ },
      { ...empty, kind: 'fault' as const, findings: [{ ...finding, confidence: 'open' as const }] },
      ['must not be said: nginx_body_limit at ingress, open'],
    ],
  ] as const;
  test.each(rows)('%s', (_name, expected, diagnosis, wrong) => {
    expect(misjudged(expected, diagnosis, 0)).toEqual(wrong);
  });
  test.each([
    ['this host', 'prober_slow', 'prober', 1],
    ['a hop on it', 'receiver_slow', 'ingress', 4],
  ] as const)('that %s is slow, while so many want to run', (_what, cause, hop, load) => {
    const slow: Finding = { ...finding, cause, hop, confidence: 'likely', title: 'slow', remedy: '', evidence: [] };
    const diagnosis = { ...empty, kind: 'fault' as const, findings: [finding, slow] };
    expect(misjudged(fault, diagnosis, load + 0.1)).toEqual([]);
    expect(misjudged(fault, diagnosis, load)).toEqual([`wrong: ${cause} at ${hop}, likely`]);
  });
  test('each case that is not yet right is a case', () => {
    const names = new Set(cases.map(({ name }) => name));
    expect(Object.keys(notYetRight).filter((name) => !names.has(name))).toEqual([]);
    expect(names.size).toBe(cases.length);
  });
});

const programs: Component[] = [
  ...Object.values(hopPrograms).flatMap(({ components }) => components),
  'docker-registry',
  'distribution3',
  'openssl',
];

describeWithComponents(programs, 'faults of public reports, made with real programs', () => {
  beforeAll(() => {
    directory = temporaryDirectory('cases');
    tls = makeCertificates(directory.path, 'cases');
  });
  afterAll(() => directory.remove());

  describe.concurrent('side by side', () => {
    describeWithComponents(['iptables', 'ip', 'unshare'], 'in networks of their own', () => {
      declare(apart);
    });
    describe('here', () => {
      declare(here);
    });
  });
});
