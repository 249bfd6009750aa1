import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildImage, type BuiltImage } from '../packaging/image-builder.ts';
import { only, render } from '../helm/helm.ts';
import { describeWithComponents, findComponent } from '../support/component.ts';
import { enterImage, imageEnvironment } from './support/image-root.ts';
import { startRegistry, type RunningRegistry } from './support/docker-registry.ts';
import { parseMetrics } from './support/metrics.ts';
import { freePort, startProcess, waitFor, type RunningProcess } from './support/process.ts';
import { temporaryDirectory, type TemporaryDirectory } from './support/temporary-directory.ts';

/** Kubernetes waits 30 s and Docker 10 s before they kill. */
const stopWithinMs = 10_000;

describeWithComponents(['buildah', 'unshare', 'docker-registry'], 'the image, built by buildah', () => {
  let storage: TemporaryDirectory;
  let configuration: TemporaryDirectory;
  let image: BuiltImage;
  let registry: RunningRegistry;
  let program: RunningProcess;
  let address: string;

  const inImage = (command: readonly string[]): string[] => enterImage(image, configuration.path, command);
  const environment = (): NodeJS.ProcessEnv => imageEnvironment(image);

  beforeAll(async () => {
    storage = temporaryDirectory('buildah');
    configuration = temporaryDirectory('image-config');
    image = buildImage(storage.path, { VERSION: '9.9.9', REVISION: 'abc123', CREATED: '2026-01-02T03:04:05Z' });
    mkdirSync(join(image.rootFolder, 'etc/blobprobe'));
    registry = await startRegistry();
    // As a ConfigMap is mounted: everybody may read. Temporary directories are their owner's alone.
    chmodSync(configuration.path, 0o755);
    writeFileSync(
      join(configuration.path, 'config.yaml'),
      JSON.stringify({
        registries: { lab: { repository: 'probes/image', paths: { direct: { url: registry.origin } } } },
        checks: { small: { size: '1MiB', every: '5s', clients: ['docker'] } },
      }),
    );
    address = `127.0.0.1:${await freePort()}`;
    const { Entrypoint, Cmd } = image.config;
    program = await startProcess('unshare', inImage([...Entrypoint, ...Cmd, `--web.listen-address=${address}`]), {
      env: environment(),
    });
    await waitFor('the daemon to be ready', isReady, { timeoutMs: 30_000, details: program.output });
  }, 300_000);

  afterAll(async () => {
    await program?.stop('SIGKILL');
    await registry?.close();
    image?.remove();
    configuration?.remove();
    storage?.remove();
  });

  const get = (path: string): Promise<Response> =>
    fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(30_000) });

  const isReady = async (): Promise<boolean | undefined> => {
    if (!program.isRunning()) throw new Error(`the image ended:\n${program.output()}`);
    return (await get('/-/ready').catch(() => undefined))?.ok;
  };

  const healthCheck = (command: readonly string[]) =>
    spawnSync('unshare', inImage(command), { env: environment(), encoding: 'utf8' });

  test('names its user by number, its port, its health check in exec form, and where it comes from', () => {
    expect(image.config.User).toBe('65532:65532');
    expect(Object.keys(image.config.ExposedPorts)).toEqual(['10719/tcp']);
    expect(image.config.StopSignal).toBe('SIGTERM');
    expect(image.config.Healthcheck.Test).toEqual(['CMD', '/nodejs/bin/node', '/app/dist/main.js', 'healthcheck']);
    expect(image.config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'blobprobe',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': '9.9.9',
      'org.opencontainers.image.revision': 'abc123',
      'org.opencontainers.image.created': '2026-01-02T03:04:05Z',
      'org.opencontainers.image.base.name': 'localhost/standin-runtime',
    });
  });

  test('brings what runs and nothing that builds or tests', () => {
    const app = join(image.rootFolder, 'app');
    expect(readdirSync(app).sort()).toEqual([
      'LICENSE',
      'config.example.yaml',
      'config.schema.json',
      'dist',
      'node_modules',
      'package.json',
    ]);
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    const absent = (names: string[]): string[] => names.filter((name) => !existsSync(join(app, 'node_modules', name)));
    expect(absent(Object.keys(dependencies))).toEqual([]);
    // Optional, and of the machine that the image is for.
    expect(absent(['koffi', `@koromix/koffi-linux-${process.arch}`])).toEqual([]);
    expect(absent(Object.keys(devDependencies))).toEqual(Object.keys(devDependencies));
    expect(existsSync(join(image.rootFolder, 'bin/sh'))).toBe(false);
    expect(statSync(join(image.rootFolder, 'var/lib/blobprobe'))).toMatchObject({ uid: 65_532, gid: 65_532 });
  });

  test('runs as uid and gid 65532 without any capability, on a root file system that cannot be written', () => {
    const status = readFileSync(`/proc/${program.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^Gid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^CapPrm:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    const mounts = readFileSync(`/proc/${program.pid}/mountinfo`, 'utf8')
      .split('\n')
      .map((line) => line.split(' '));
    // Fields of proc(5): mount point is the fifth, options the sixth; seen from the changed root, it is `/`.
    expect(mounts.filter(([, , , , point]) => point === '/').at(-1)?.[5]).toMatch(/^ro\b/);
  });

  test('pushes to a registry, and says which commit it was built from', async () => {
    const ran = await waitFor(
      'a run',
      async () => {
        const scrape = parseMetrics(await (await get('/metrics')).text());
        return (
          scrape.text.includes('blobprobe_runs_total{') &&
          /^blobprobe_runs_total\{.*\} [1-9]/m.test(scrape.text) &&
          scrape
        );
      },
      { timeoutMs: 30_000, everyMs: 200, details: program.output },
    );
    expect(ran.text).toMatch(/^blobprobe_last_run_success\{.*workload="small".*\} 1$/m);
    expect(ran.text).toMatch(/^blobprobe_build_info\{.*revision="abc123".*\} 1$/m);
    const isPushed = (): boolean =>
      registry.requests().some(({ method, status }) => method === 'PUT' && status === 201);
    await waitFor('the push in the log', isPushed, { timeoutMs: 30_000, details: registry.log });
  });

  test('passes its health check, which fails where nothing listens', async () => {
    const [, ...command] = image.config.Healthcheck.Test;
    const healthy = healthCheck([...command, `--url=http://${address}`]);
    expect(healthy).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const nobody = healthCheck([...command, `--url=http://127.0.0.1:${await freePort()}`]);
    expect(nobody.status).toBe(1);
  });

  // What is missing to `helm test` is a cluster: an API server takes the Pod (api-server.real.test.ts), and here its containers' commands run.
  test.runIf(findComponent('helm') !== undefined)(
    'passes what `helm test` runs: readiness, and a push to the registry of the demonstration',
    () => {
      const { containers } = only(render(), 'Pod').spec as {
        containers: { args: string[]; volumeMounts?: object[] }[];
      };
      const ended = containers.map(({ args, volumeMounts = [] }) => {
        const own = args.map((arg) => arg.replace(/^--url=http:\/\/[^/]*/, `--url=http://${address}`));
        const command = [...image.config.Entrypoint, ...own];
        const entered = enterImage(image, configuration.path, command, { temporary: volumeMounts.length > 0 });
        return spawnSync('unshare', entered, { env: environment(), encoding: 'utf8', timeout: 60_000 });
      });
      expect(ended.map(({ status }) => status)).toEqual([0, 0]);
      expect(ended[1]?.stdout).toMatch(/internal\/docker\/medium: pushed 768 KiB in /);
    },
  );

  test('ends on SIGTERM, in time', async () => {
    const startedMs = performance.now();
    expect(await program.stop('SIGTERM')).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(stopWithinMs);
  });
});
