import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/lab/certificates.ts';
import type { RegistryAuth } from '../support/lab/auth.ts';
import type { QuirksName } from '../support/lab/quirks.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import { describeWithComponents } from '../support/component.ts';
import { type DockerDaemon, startDockerDaemon } from './support/docker-daemon.ts';
import { roundTrip } from './support/round-trip.ts';

const layerBytes = 12_000_000;
const users = [{ name: 'user', password: 'pass' }];
const authority = createAuthority('lab clients CA');

interface Variant {
  readonly quirks: QuirksName;
  readonly tls: boolean;
  readonly auth: RegistryAuth['kind'];
}

/** Each kind of registry, plain and with TLS, and each way to sign in. */
const variants: readonly Variant[] = [
  { quirks: 'spec', tls: false, auth: 'none' },
  { quirks: 'distribution-2.8', tls: false, auth: 'basic' },
  { quirks: 'distribution-2.8', tls: true, auth: 'bearer' },
  { quirks: 'gitea', tls: false, auth: 'bearer' },
  { quirks: 'gitea', tls: true, auth: 'basic' },
  { quirks: 'zot', tls: true, auth: 'none' },
];

let registry: DemoRegistry | undefined;
afterEach(async () => {
  await registry?.close();
  registry = undefined;
});

async function start({ quirks, tls, auth }: Variant): Promise<DemoRegistry> {
  registry = await startRegistry({
    quirks,
    auth: auth === 'none' ? { kind: 'none' } : { kind: auth, users },
    ...(tls ? { tls: authority.issue({ names: ['127.0.0.1'] }) } : {}),
  });
  return registry;
}

const signIn = ({ auth }: Variant): string | undefined => (auth === 'none' ? undefined : 'user:pass');
const destinationAt = ({ url }: DemoRegistry): string => `${new URL(url).host}/team/image:v1`;

/** What a push and a pull leave behind: a tag, the layer, no open session, and the layer's bytes sent back. */
function expectRoundTrip({ manifests, blobs, openSessions, requests }: DemoRegistry): void {
  expect(manifests.get('team/image:v1')).toMatch(/^sha256:/);
  const [layer] = [...blobs].filter(([, size]) => size > layerBytes / 2);
  expect(layer?.[1]).toBeGreaterThanOrEqual(layerBytes);
  expect(openSessions).toEqual([]);
  const path = `/v2/team/image/blobs/${layer?.[0]}`;
  expect(requests.filter((one) => one.path === path && one.method === 'GET' && one.status === 200)).toHaveLength(1);
}

describeWithComponents(['dockerd', 'unshare'], 'docker push and pull on the embedded registry', () => {
  let docker: DockerDaemon;
  beforeAll(async () => {
    docker = await startDockerDaemon();
  }, 60_000);
  afterAll(() => docker?.close());

  test.each(variants)('$quirks, TLS $tls, auth $auth', async (variant) => {
    const running = await start(variant);
    const where = { destination: destinationAt(running), credentials: signIn(variant) };
    expect(await docker.push({ ...where, layerBytes })).toMatchObject({ exitCode: 0 });
    expect(await docker.pull(where)).toMatchObject({ exitCode: 0 });
    expectRoundTrip(running);
  });

  test('wrong credentials are refused, and nothing is stored', async () => {
    const running = await start({ quirks: 'gitea', tls: false, auth: 'bearer' });
    const push = await docker.push({
      destination: destinationAt(running),
      credentials: 'user:wrong',
      layerBytes: 1000,
    });
    expect(push.exitCode).toBe(1);
    expect(push.output).toMatch(/unauthorized|denied|authentication required/);
    expect(running.blobs.size).toBe(0);
  });
});

describe.each(['podman', 'buildah'] as const)('%s', (program) => {
  describeWithComponents([program, 'unshare'], `${program} push and pull on the embedded registry`, () => {
    test.each(variants)('$quirks, TLS $tls, auth $auth', async (variant) => {
      const running = await start(variant);
      const result = await roundTrip(program, {
        destination: destinationAt(running),
        layerBytes,
        credentials: signIn(variant),
        ca: variant.tls ? authority.cert : undefined,
      });
      expect(result).toMatchObject({ exitCode: 0 });
      expectRoundTrip(running);
    });
  });
});
