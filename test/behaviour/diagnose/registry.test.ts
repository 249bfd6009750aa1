import { beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import type { Fault } from '../../support/lab/faults/fault.ts';
import type { LoggedRequest } from '../../support/lab/request-log.ts';
import { proxyStyles } from '../../../src/lab/proxy-styles.ts';
import { bothRuns, type CaseOutcome, examineAll, type LabCase, named } from './lab-case.ts';

/** Hops between us and the registry: none of them is ever at fault here. */
const hopsOfPaths: ReadonlySet<string> = new Set(['edge', 'edge_to_origin', 'tunnel', 'ingress', 'client_network']);

interface Trouble extends LabCase {
  /** All that may be named; nothing has to be. */
  readonly may: readonly string[];
  /** What has to be named. */
  readonly must?: readonly string[];
}

/** The registry restarts, once, when the n-th body arrives; it is back at once. */
function restartsAt(bodies: number): NonNullable<LabCase['intercept']> {
  return () => {
    let seen = 0;
    return ({ method }, registry) => {
      if (method !== 'PATCH' && method !== 'PUT') return undefined;
      seen += 1;
      if (seen !== bodies) return undefined;
      registry.restart();
      return { kind: 'reset' };
    };
  };
}

/** Gone for a moment: what comes within it is cut; proxies answer 502 for it. */
function awayFor(ms: number, bodies: number): NonNullable<LabCase['intercept']> {
  return (pace) => {
    let seen = 0;
    let untilMs = 0;
    return ({ method }) => {
      if (method === 'PATCH' || method === 'PUT') seen += 1;
      if (seen === bodies && untilMs === 0) untilMs = performance.now() + ms * pace;
      return performance.now() < untilMs ? { kind: 'reset' } : undefined;
    };
  };
}

const failing =
  (status: number, body: string, when: (request: LoggedRequest) => boolean): NonNullable<LabCase['intercept']> =>
  () =>
  (request) =>
    when(request) ? { kind: 'answer', status, body } : undefined;
const commits = ({ method, path }: LoggedRequest): boolean => method === 'PUT' || /digest=/.test(path);
const noSpace = '{"errors":[{"code":"UNKNOWN","message":"no space left on device"}]}';
const bearer = { kind: 'bearer', users: [], anonymous: ['pull', 'push', 'delete'] } as const;
const anyRestart = ['upload_state_not_shared@registry_app'];

const behind = proxyStyles.map(
  (style): Trouble => ({
    name: `down, behind ${style}`,
    identity: { style },
    kind: style.startsWith('cloud') ? 'edge' : 'ingress',
    down: true,
    may: ['registry_down@registry_app'],
    // Cloudflare's own codes say that the origin refuses it: true, and the registry is named beside it.
    must: ['registry_down@registry_app'],
  }),
);

const troubles: readonly Trouble[] = [
  ...behind,
  ...(['nginx', 'haproxy', 'cloudflare', 'plain'] as const).flatMap((style): Trouble[] => [
    ...[2, 3, 5].map((bodies) => ({
      name: `restarts at body ${bodies}, behind ${style}`,
      identity: { style },
      kind: 'ingress' as const,
      intercept: restartsAt(bodies),
      may: anyRestart,
    })),
    {
      name: `away for a moment, behind ${style}`,
      identity: { style },
      kind: 'ingress',
      intercept: awayFor(300, 3),
      // On a quick machine it is away until the end.
      may: [...anyRestart, 'registry_down@registry_app'],
    },
  ]),
  {
    name: 'restarts, distribution, which forgets its uploads',
    registry: { quirks: 'distribution-2.8' },
    intercept: restartsAt(3),
    may: anyRestart,
  },
  {
    name: 'full disk at the commit',
    intercept: failing(500, noSpace, commits),
    may: ['storage_full@registry_storage'],
    must: ['storage_full@registry_storage'],
  },
  {
    name: 'full disk while the body comes',
    registry: { quirks: 'distribution-3', keptBytesLimit: 1_000 },
    may: ['storage_full@registry_storage'],
    must: ['storage_full@registry_storage'],
  },
  {
    name: '507 at the commit',
    intercept: failing(507, '', commits),
    may: ['storage_full@registry_storage'],
    must: ['storage_full@registry_storage'],
  },
  {
    name: 'database down: 500 at the start',
    intercept: failing(500, '', ({ method }) => method === 'POST'),
    // A push by one POST fails when its body is there.
    may: ['registry_failing@registry_app', 'storage_failing@registry_storage'],
    must: ['registry_failing@registry_app'],
  },
  {
    name: 'token service gone',
    registry: { quirks: 'distribution-3', auth: bearer, settings: { realmOrigin: 'http://127.0.0.1:9' } },
    allowHosts: ['127.0.0.1:9'],
    may: ['token_service_down@auth_server'],
    must: ['token_service_down@auth_server'],
  },
  {
    name: 'a login wanted, and none given',
    registry: { auth: { kind: 'basic', users: [{ name: 'other', password: 'than ours' }] } },
    may: ['credentials_missing@prober'],
    must: ['credentials_missing@prober'],
  },
  {
    name: 'blobs that are not there afterwards',
    intercept: failing(404, '', ({ method, path }) => method === 'HEAD' && path.includes('/blobs/sha256')),
    may: ['not_stored@registry_storage'],
    must: ['not_stored@registry_storage'],
  },
  {
    name: 'token service failing',
    registry: { quirks: 'distribution-3', auth: bearer },
    intercept: failing(503, 'upstream down', ({ path }) => path.startsWith('/token')),
    may: ['token_service_down@auth_server'],
    must: ['token_service_down@auth_server'],
  },
];

/** The registry is at fault while the path has a limit of its own: that limit still stands. */
const limited: readonly Fault[] = [{ kind: 'body-limit', limitBytes: 600_000, ending: 'linger' }];
const mixed: readonly Trouble[] = [
  {
    name: 'nginx limit, and a full disk at the commit',
    faults: () => limited,
    intercept: failing(500, noSpace, commits),
    may: ['nginx_body_limit@ingress', 'storage_full@registry_storage'],
    must: ['nginx_body_limit@ingress', 'storage_full@registry_storage'],
  },
  {
    name: 'nginx limit, and a restart',
    faults: () => limited,
    intercept: restartsAt(2),
    may: ['nginx_body_limit@ingress', ...anyRestart],
    must: ['nginx_body_limit@ingress'],
  },
];

describe.each(bothRuns)('%s run, %d bytes', (_run, sizeBytes, seed) => {
  let outcomes: Map<string, CaseOutcome>;
  const all = [...troubles, ...mixed];
  beforeAll(async () => {
    outcomes = await examineAll(all, sizeBytes, seed);
  });

  test.for(all)('$name', { timeout: 60_000 }, (one) => {
    const { may, must = [], faults } = one;
    const { diagnosis, most } = outcomes.get(one.name)!;
    const { facts, unexplained } = diagnosis;
    onTestFailed(() => void process.stderr.write(`${[...facts, ...unexplained].join('\n')}\n`));
    expect(may).toEqual(expect.arrayContaining(named(diagnosis)));
    expect(named(diagnosis)).toEqual(expect.arrayContaining([...must]));
    const blamed = diagnosis.findings.filter(({ hop }) => hopsOfPaths.has(hop));
    expect(blamed.length).toBeLessThanOrEqual(faults === undefined ? 0 : 1);
    expect(diagnosis.kind).toBe(named(diagnosis).length > 0 ? 'fault' : 'inconclusive');
    expect(diagnosis.bytesSpent).toBeLessThanOrEqual(most);
  });
});
