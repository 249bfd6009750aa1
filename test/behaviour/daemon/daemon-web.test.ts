import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCertificates } from '../../support/certificates.ts';
import { builtProgram, eventually, startProgram } from '../../support/program.ts';

const certificates = createCertificates();
let main: string;
let folder = '';

beforeAll(() => {
  main = builtProgram();
  folder = mkdtempSync(join(tmpdir(), 'blobprobe-daemon-web-'));
  writeFileSync(join(folder, 'server.crt'), certificates.valid.cert);
  writeFileSync(join(folder, 'server.key'), certificates.valid.key);
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function webFile(text: string): string {
  const file = join(folder, 'web.yml');
  writeFileSync(file, text);
  return `--web.config.file=${file}`;
}

function statusOf(url: string, authorization?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = authorization === undefined ? {} : { authorization };
    get(url, { ca: certificates.ca.cert, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', reject);
  });
}

test('the daemon serves HTTPS to those who log in, and ends on SIGTERM with a password thread running', async () => {
  const flag = webFile(
    `tls_server_config: { cert_file: server.crt, key_file: server.key }\nbasic_auth_users: { alice: "${hashSync('right', 4)}" }\n`,
  );
  const program = startProgram(main, ['demo', '--web.listen-address=127.0.0.1:0', flag]);
  try {
    const url = await eventually(
      'URL',
      () => /blobprobe demo: (https:\S+)/.exec(program.stdout())?.[1],
      () => program.stdout() + program.stderr(),
    );
    const login = (password: string): string => `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`;
    expect(await statusOf(`${url}/metrics`)).toBe(401);
    expect(await statusOf(`${url}/metrics`, login('wrong'))).toBe(401);
    expect(await statusOf(`${url}/metrics`, login('right'))).toBe(200);
    program.signal('SIGTERM');
    expect((await program.ended).code).toBe(0);
  } finally {
    await program.kill();
  }
});

test('a wrong web configuration file ends it with one line', async () => {
  const flag = webFile('basic_auth_users: { alice: in-the-clear }\n');
  const program = startProgram(main, ['demo', '--web.listen-address=127.0.0.1:0', '--log.level=error', flag]);
  try {
    const { code, stderr } = await program.ended;
    expect(code).toBe(2);
    expect(stderr).toBe(`blobprobe: ${join(folder, 'web.yml')}:1:28: basic_auth_users.alice: expected a bcrypt hash\n`);
  } finally {
    await program.kill();
  }
});

test('a configuration that Kubernetes swaps is loaded by itself; a wrong one is told on the page and leaves the old', async () => {
  const mount = mkdtempSync(join(folder, 'mount-'));
  const swap = (name: string, content: string): void => {
    mkdirSync(join(mount, name));
    writeFileSync(join(mount, name, 'config.yaml'), content);
    symlinkSync(name, join(mount, '..data_tmp'));
    renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
  };
  const config = (path: string): string =>
    `registries: { lab: { repository: a/b, paths: { ${path}: { url: 'http://127.0.0.1:9' } } } }\n` +
    'checks: { small: { size: 1KiB, every: 1h, clients: [docker] } }\n';
  swap('..1', config('first'));
  symlinkSync('..data/config.yaml', join(mount, 'config.yaml'));
  const flags = [
    '--config.enable-auto-reload',
    '--config.auto-reload-interval=50ms',
    '--web.listen-address=127.0.0.1:0',
  ];
  const program = startProgram(main, ['serve', `--config.file=${join(mount, 'config.yaml')}`, ...flags]);
  try {
    const address = await eventually(
      'address',
      () => /msg=listening address=(\S+)/.exec(program.stderr())?.[1],
      program.stderr,
    );
    const page = async (): Promise<string> => (await fetch(`http://${address}/`)).text();
    const shows = (text: string) => eventually(text, async () => (await page()).includes(text), program.stderr);
    await shows('first');
    swap('..2', config('second'));
    await shows('second');
    swap('..3', 'registries: {}\n');
    await shows('failed; the previous configuration stays in force');
    expect(await page()).toContain('second');
    expect(await (await fetch(`http://${address}/metrics`)).text()).toMatch(
      /^blobprobe_config_last_reload_successful 0$/m,
    );
    swap('..4', config('fourth'));
    await shows('fourth');
    expect(await page()).not.toContain('failed; the previous configuration stays in force');
    expect(program.stderr().match(/msg="configuration file has changed"/g)).toHaveLength(3);
  } finally {
    await program.kill();
  }
});

test('an interval that is no duration is a usage error', async () => {
  const program = startProgram(main, ['serve', '--config.file=x', '--config.auto-reload-interval=often']);
  const { code, stderr } = await program.ended;
  expect(code).not.toBe(0);
  expect(stderr).toContain('flag --config.auto-reload-interval: expected a duration such as 30s, got "often"');
});
