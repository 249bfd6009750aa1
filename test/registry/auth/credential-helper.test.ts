import { getEventListeners } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { askCredentialHelper } from '../../../src/registry/auth/credential-helper.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'blobprobe-helper-'));
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const timeoutMs = 60_000;

/** What a helper of these lines of shell answers, which reads nothing by itself; what it throws: its message. */
function asked(
  script: string,
  { signal = new AbortController().signal, server = 'registry.example.org' } = {},
): Promise<unknown> {
  const file = join(folder, 'docker-credential-own');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return askCredentialHelper({ name: 'own', server, timeoutMs, signal }).catch((error: unknown) =>
    error instanceof Error ? error.message.replace(/^docker-credential-own /, '') : error,
  );
}

const answer = '{"Username":"amy","Secret":"s3cr"}';
const amy = { username: 'amy', secret: 's3cr' };
/** An answer with blanks before it, in so many bytes. */
const padded = (bytes: number): string => `printf '%${bytes}s' '${answer}'`;

test.each<[string, string, unknown]>([
  ['a login', `echo '${answer}'`, amy],
  ['a login without a secret', `echo '{"Username":"amy","Secret":""}'`, undefined],
  ['that it has none, after a blank line', 'echo; echo credentials not found; exit 1', undefined],
  ['a login, and much to itself', `head -c 1000000 /dev/zero >&2; echo '${answer}'`, amy],
  ['64 KiB', padded(65_536), amy],
  ['more', padded(65_537), 'answered more than 65536 bytes'],
  ['no secret', `echo '{"Username":"amy"}'`, 'answered without Username and Secret'],
  ['no name', `echo '{"Secret":"s3cr"}'`, 'answered without Username and Secret'],
  ['a name that is none', `echo '{"Username":5,"Secret":"s3cr"}'`, 'answered without Username and Secret'],
  ['nothing, for it was killed', 'kill -9 $$', 'failed with exit code -1'],
])('a helper says %s', async (_what, script, expected) => {
  expect(await asked(script)).toEqual(expected);
});

test('a helper may end without reading its input', async () => {
  // More than a pipe holds: the rest breaks when the helper has ended.
  expect(await asked(`echo '${answer}'`, { server: 'x'.repeat(1_000_000) })).toEqual(amy);
});

test('after the answer neither a timer nor a listener is left', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { signal } = new AbortController();
    expect(await asked(`echo '${answer}'`, { signal })).toEqual(amy);
    expect([vi.getTimerCount(), getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
  } finally {
    vi.useRealTimers();
  }
});

test('an abort ends it with its reason, whatever that is', async () => {
  const abort = new AbortController();
  const outcome = asked('sleep 60', { signal: abort.signal });
  abort.abort('paused');
  expect(await outcome).toBe('paused');
});
