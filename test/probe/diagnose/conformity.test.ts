import { afterEach, describe, expect, test } from 'vitest';
import { type DemoEdge, startEdge } from '../../support/lab/edge.ts';
import type { Fault } from '../../support/lab/faults/fault.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import type { PathKind } from '../../../src/network/path.ts';
import { behaviourNames, type ConformanceRound, tryConformance } from '../../../src/probe/diagnose/conformance.ts';
import { conformanceCauses } from '../../../src/probe/diagnose/causes-conformance.ts';
import { conformanceFacts } from '../../../src/probe/diagnose/conformance-facts.ts';
import { conformanceFindings } from '../../../src/probe/diagnose/conformity.ts';
import { conformanceRounds } from '../../../src/probe/diagnose/conformance-rounds.ts';
import { causes } from '../../../src/probe/diagnose/causes.ts';
import { slowCauses } from '../../../src/probe/diagnose/causes-slow.ts';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import type { Examination, Trial } from '../../../src/probe/diagnose/trial.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { pathTo } from '../../support/paths.ts';
import { trialOf } from '../../support/trials.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

interface Scene {
  readonly registry: DemoRegistry;
  readonly edge: DemoEdge;
}

async function sceneOf(faults: readonly Fault[], options: Parameters<typeof startRegistry>[0] = {}): Promise<Scene> {
  const registry = await startRegistry(options);
  open.push(registry);
  const edge = await startEdge({ upstream: registry.url, identity: { style: 'nginx' }, faults });
  open.push(edge);
  return { registry, edge };
}

interface Ways {
  readonly kind?: PathKind;
  readonly alone?: boolean;
  readonly trials?: readonly Trial[];
  /** Told after each round. */
  readonly afterRound?: (rounds: number) => void;
}

/** What an examination would have of behaviours, and nothing else. */
async function examined({ edge, registry }: Scene, ways: Ways = {}): Promise<Examination> {
  const { kind = 'ingress', alone = false, trials = [trialOf()], afterRound = () => {} } = ways;
  const subject = pathTo(edge.url, { name: 'subject', kind });
  const direct = alone ? undefined : pathTo(registry.url, { name: 'internal', kind: 'internal' });
  const leftOut: string[] = [];
  let rounds = 0;
  const conformance = await conformanceRounds(
    {
      check: checkOf(edge.url, { path: subject }),
      direct,
      conformance: true,
      signal: new AbortController().signal,
    },
    {
      tryConformance: async (check, options): Promise<ConformanceRound> => {
        const round = await tryConformance(check, runDeps(), options);
        rounds += 1;
        afterRound(rounds);
        return round;
      },
    },
    { trials: [...trials], leftOut, leftMs: 60_000, hasTimeFor: () => true },
  );
  return { subject: { path: subject, trials }, conformance, leftOut };
}

function found(examination: Examination): string[] {
  return conformanceFindings(examination).map(({ cause, hop, confidence }) => `${cause}@${hop}: ${confidence}`);
}

describe('behaviours over a path, beside a direct one', () => {
  test('a hop that passes everything on: one round each, nothing found, facts of both', async () => {
    const scene = await sceneOf([]);
    const examination = await examined(scene);
    expect(found(examination)).toEqual([]);
    expect(examination.conformance?.subject).toHaveLength(1);
    expect(examination.conformance?.direct).toHaveLength(1);
    const facts = conformanceFacts(examination.conformance);
    expect(facts).toHaveLength(2 * behaviourNames.length);
    expect(facts).toContain('subject: upload_status: supported, answered 204');
    expect(facts).toContain('internal: chunk_lengths: not supported, answered 202 with neither');
    const { kind, bytesSpent } = diagnose(examination);
    expect(kind).toBe('healthy');
    // Three chunks of 16 bytes and a blob of 64, over each path, beside what the pushes sent.
    const pushedBytes = diagnose({ ...examination, conformance: undefined }).bytesSpent;
    expect(bytesSpent - pushedBytes).toBe(2 * (3 * 16 + 64));
    expect(scene.registry.openSessions).toEqual([]);
    expect([...scene.registry.blobs]).toEqual([]);
  });

  test.each<[cause: keyof typeof conformanceCauses, faults: readonly Fault[]]>([
    ['chunk_lengths_lost', [{ kind: 'strip-response-header', names: ['oci-chunk-min-length'] }]],
    ['chunks_not_taken', [{ kind: 'answer', status: 405, when: { methods: ['PATCH'] } }]],
    ['upload_status_lost', [{ kind: 'answer', status: 404, when: { methods: ['GET'], pathContains: '/uploads/' } }]],
    ['content_range_lost', [{ kind: 'strip-request-header', names: ['content-range'] }]],
    ['upload_cancel_blocked', [{ kind: 'block-method', methods: ['DELETE'], status: 403 }]],
    ['missing_blob_hidden', [{ kind: 'answer', status: 200, when: { methods: ['HEAD'] } }]],
    ['range_lost', [{ kind: 'strip-request-header', names: ['range'] }]],
    ['referrers_blocked', [{ kind: 'answer', status: 404, when: { pathContains: '/referrers/' } }]],
  ])('%s: certain when it came out twice over both paths, at the hop', async (cause, faults) => {
    const scene = await sceneOf(faults, { settings: { chunkMinBytes: 32 } });
    const examination = await examined(scene);
    expect(found(examination)).toEqual([`${cause}@ingress: certain`]);
    expect(examination.conformance?.direct).toHaveLength(2);
    const { kind, why, findings } = diagnose(examination);
    expect(kind).toBe('fault');
    expect(why).toContain(conformanceCauses[cause].title);
    expect(findings[0]?.evidence.join()).toMatch(/over internal answered \d+.*twice each/);
  });

  test('a hop that answers mounts in the registry’s place, at the edge', async () => {
    const scene = await sceneOf([]);
    // The registry opens an upload for what comes through the hop, as if the query were lost.
    scene.registry.intercept = ({ url, headers }) =>
      url.includes('mount=') && headers['x-forwarded-for'] !== undefined
        ? { kind: 'answer', status: 202, headers: { location: '/v2/probe/blobs/blobs/uploads/none' } }
        : undefined;
    expect(found(await examined(scene, { kind: 'edge' }))).toEqual(['mount_lost@edge: certain']);
  });

  test('what the registry does not do over the direct path either is no fault', async () => {
    const scene = await sceneOf([], {
      quirks: 'gitea-old',
      intercept: ({ path }) => (path.includes('/referrers/') ? { kind: 'answer', status: 404 } : undefined),
    });
    const examination = await examined(scene);
    expect(found(examination)).toEqual([]);
    expect(conformanceFacts(examination.conformance)).toContain('subject: referrers: not supported, answered 404');
    expect(diagnose(examination).kind).toBe('healthy');
  });

  test('without a path to compare with it is reported, and nobody’s fault', async () => {
    const scene = await sceneOf([{ kind: 'strip-request-header', names: ['range', 'content-range'] }]);
    const examination = await examined(scene, { alone: true });
    expect(found(examination)).toEqual([]);
    expect(conformanceFacts(examination.conformance)).toContain(
      'subject: blob_range: not supported, answered 200 with all of it',
    );
    expect(examination.conformance?.subject).toHaveLength(1);
    const { kind, notExamined } = diagnose(examination);
    expect(kind).toBe('healthy');
    expect(notExamined.join()).toContain('there is no direct path to compare with');
  });

  test('what did not come again is no finding', async () => {
    const scene = await sceneOf([{ kind: 'strip-request-header', names: ['range'] }]);
    const examination = await examined(scene, { afterRound: (rounds) => rounds === 2 && scene.edge.setFaults([]) });
    expect(examination.conformance?.subject).toHaveLength(2);
    expect(found(examination)).toEqual([]);
  });

  test.each([401, 429, 502, 503])('a hop that answers %i says nothing of a behaviour', async (status) => {
    const scene = await sceneOf([{ kind: 'answer', status, when: { pathContains: '/referrers/' } }]);
    expect(found(await examined(scene))).toEqual([]);
  });

  test('a 403 of the registry itself may be about the login: no finding', async () => {
    const scene = await sceneOf([]);
    scene.registry.intercept = ({ method, headers }) =>
      method === 'DELETE' && headers['x-forwarded-for'] !== undefined
        ? { kind: 'answer', status: 403, body: '{"errors":[{"code":"DENIED","message":"no"}]}' }
        : undefined;
    const examination = await examined(scene);
    expect(found(examination)).toEqual([]);
    expect(conformanceFacts(examination.conformance)).toContain('subject: upload_cancel: not known, answered 403');
  });

  test('where no upload is opened at all, nothing is said of behaviours', async () => {
    const scene = await sceneOf([{ kind: 'answer', status: 404 }]);
    const examination = await examined(scene);
    expect(found(examination)).toEqual([]);
    expect(examination.conformance?.subject[0]?.opened).toBe(false);
  });

  test('when no push got through, nothing is tried, and that is said', async () => {
    const scene = await sceneOf([]);
    const examination = await examined(scene, { trials: [] });
    expect(examination.conformance).toBeUndefined();
    expect(examination.leftOut).toEqual(['behaviours of the specification: no push got through']);
    expect(scene.registry.requestTotal).toBe(0);
  });
});

test('each behaviour belongs to one cause, and no cause has the name of another', () => {
  const named = Object.values(conformanceCauses).flatMap(({ behaviours }) => behaviours);
  expect([...named].sort()).toEqual([...behaviourNames].sort());
  const others = new Set([...Object.keys(causes), ...Object.keys(slowCauses)]);
  expect(Object.keys(conformanceCauses).filter((name) => others.has(name))).toEqual([]);
});
