import type { ClientName } from '../../src/probe/clients/client-profiles.ts';
import { afterEach, expect, test } from 'vitest';
import { startRegistry as startSlowRegistry } from '../support/lab/registry.ts';
import { checkApi } from '../../src/probe/diagnose/api-check.ts';
import { diagnose } from '../../src/probe/diagnose/diagnose.ts';
import { mostExaminedBytes } from '../../src/probe/diagnose/examine-options.ts';
import { examine } from '../../src/probe/diagnose/examine.ts';
import type { Diagnosis } from '../../src/probe/diagnose/finding.ts';
import { createRunner } from '../../src/probe/run/run.ts';
import { checkOf, runDeps } from '../support/checks.ts';
import { describeWithComponents } from '../support/component.ts';
import { pathTo } from '../support/paths.ts';
import { startRegistry } from './support/docker-registry.ts';
import { type ProxyOptions, type ProxyProgram, startProxy } from './support/proxies.ts';
import { Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

interface Setting {
  readonly proxy: ProxyProgram;
  readonly options: Omit<ProxyOptions, 'upstreamPort'>;
  /** How long the registry takes to commit; undefined: a real registry. */
  readonly commitMs?: number;
  readonly down?: true;
  readonly client?: ClientName;
}

async function diagnosisOf({ proxy, options, commitMs, down, client = 'docker' }: Setting): Promise<Diagnosis> {
  const registry =
    commitMs === undefined
      ? await startRegistry()
      : await startSlowRegistry({ quirks: 'distribution-3', settings: { commitDelayMs: commitMs } });
  opened.own(registry);
  const { port } = registry;
  const front = opened.own(await startProxy(proxy, { ...options, upstreamPort: port }));
  if (down && 'kill' in registry) await registry.kill();
  const deps = runDeps();
  const check = checkOf(front.origin, {
    client,
    sizeBytes: 4_000_000,
    path: { name: 'front', kind: 'ingress' },
    check: { timeoutMs: 20_000 },
  });
  const request = {
    check,
    direct: pathTo(`http://127.0.0.1:${port}`, { name: 'internal', kind: 'internal' }),
    durationsMs: [500],
    durationResolutionMs: 300,
    resolutionBytes: 200_000,
    hesitationMs: 50,
    signal: new AbortController().signal,
  };
  const examination = await examine(request, {
    run: createRunner(deps),
    paced: (pacer) => createRunner({ ...deps, pacer }),
    checkApi: (target, { timeoutMs, signal }) => checkApi(target, { now: () => performance.now(), timeoutMs, signal }),
  });
  const diagnosis = diagnose(examination);
  expect(diagnosis.bytesSpent).toBeLessThanOrEqual(mostExaminedBytes(request));
  expect(diagnosis.unexplained).toEqual([]);
  return diagnosis;
}

const rows: readonly (readonly [string, Setting, readonly string[]])[] = [
  ['nginx without limits', { proxy: 'nginx', options: { limitBytes: 0 } }, []],
  ['haproxy as it is', { proxy: 'haproxy', options: {} }, []],
  ['client_max_body_size', { proxy: 'nginx', options: { limitBytes: 1_000_000 } }, ['nginx_body_limit@ingress']],
  [
    'client_max_body_size, bodies with a length, not buffered',
    { proxy: 'nginx', options: { limitBytes: 1_000_000, buffersRequests: false }, client: 'docker-containerd' },
    ['nginx_body_limit@ingress'],
  ],
  [
    'proxy_read_timeout, a slow registry',
    { proxy: 'nginx', options: { limitBytes: 0, answerSeconds: 1 }, commitMs: 1_600 },
    ['nginx_read_timeout@registry_storage'],
  ],
  [
    'timeout server, a slow registry',
    { proxy: 'haproxy', options: { answerSeconds: 1 }, commitMs: 1_600 },
    ['haproxy_server_timeout@registry_storage'],
  ],
  [
    'deny above a declared length, which a streamed body does not have',
    { proxy: 'haproxy', options: { limitBytes: 1_000_000 }, client: 'docker-containerd' },
    ['haproxy_body_limit@ingress'],
  ],
  [
    'a limit on size and a slow registry at once',
    { proxy: 'nginx', options: { limitBytes: 1_000_000, answerSeconds: 1 }, commitMs: 1_600 },
    ['nginx_body_limit@ingress', 'nginx_read_timeout@registry_storage'],
  ],
  [
    'a registry that is down, behind nginx',
    { proxy: 'nginx', options: { limitBytes: 1_000_000 }, down: true },
    ['registry_down@registry_app'],
  ],
  [
    'a registry that is down, behind haproxy',
    { proxy: 'haproxy', options: {}, down: true },
    ['registry_down@registry_app'],
  ],
];

describeWithComponents(['nginx', 'haproxy', 'docker-registry'], 'diagnosis through real proxies', () => {
  test.each(rows)(
    '%s',
    async (_name, setting, expected) => {
      const { kind, findings } = await diagnosisOf(setting);
      const named = findings.map((finding) => ({ ...finding, name: `${finding.cause}@${finding.hop}` }));
      // Whole findings, so that a wrong one shows its evidence.
      expect(named.filter(({ name }) => !expected.includes(name))).toEqual([]);
      expect(named.map(({ name }) => name).sort()).toEqual(expected);
      expect(kind).toBe(expected.length === 0 ? 'healthy' : 'fault');
    },
    60_000,
  );
});
