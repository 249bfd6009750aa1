import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import { temporaryDirectory, type TemporaryDirectory } from './support/temporary-directory.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** As docs/deploy.md installs it from a clone: `npm pack`, then `npm install --global` of the tarball, here below a folder of its own. */
describe('the tarball', () => {
  let directory: TemporaryDirectory;
  let registry: DemoRegistry;

  beforeAll(async () => {
    directory = temporaryDirectory('install');
    registry = await startRegistry();
    // The suite has built dist already, and other tests run from it: no scripts.
    await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory.path], { cwd: root });
    const [tarball = ''] = readdirSync(directory.path);
    const flags = ['--silent', '--no-audit', '--no-fund', '--prefer-offline', '--global', '--prefix', directory.path];
    await run('npm', ['install', ...flags, join(directory.path, tarball)]);
  }, 300_000);

  afterAll(async () => {
    await registry?.close();
    directory?.remove();
  });

  const installed = (...args: readonly string[]) => run(join(directory.path, 'bin/blobprobe'), [...args]);

  test('has a program that pushes, without anything of the clone', async () => {
    const { stdout } = await installed('push', `--url=${registry.url}`, '--size=64KiB', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
  });

  test('has the manual page, the schema and the rules', () => {
    const folder = join(directory.path, 'lib/node_modules/blobprobe');
    const wanted = ['config.schema.json', 'config.example.yaml', 'prometheus', 'LICENSE'];
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(wanted));
    expect(existsSync(join(folder, 'man/blobprobe.1'))).toBe(true);
  });
});
