import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCertificates } from '../src/demo/certificates.ts';
import { type BuiltProgram, buildProgram, eventually, startProgram } from './cli/program.ts';

const certificates = createCertificates();
let built: BuiltProgram;
let folder = '';

beforeAll(() => {
  built = buildProgram();
  folder = mkdtempSync(join(tmpdir(), 'blobprobe-daemon-web-'));
  writeFileSync(join(folder, 'server.crt'), certificates.valid.cert);
  writeFileSync(join(folder, 'server.key'), certificates.valid.key);
}, 120_000);
afterAll(() => {
  built.remove();
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
  const program = startProgram(built.main, ['demo', '--web.listen-address=127.0.0.1:0', flag]);
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
  const program = startProgram(built.main, ['demo', '--web.listen-address=127.0.0.1:0', '--log.level=error', flag]);
  try {
    const { code, stderr } = await program.ended;
    expect(code).toBe(1);
    expect(stderr).toBe(`blobprobe: ${join(folder, 'web.yml')}:1:28: basic_auth_users.alice: expected a bcrypt hash\n`);
  } finally {
    await program.kill();
  }
});
