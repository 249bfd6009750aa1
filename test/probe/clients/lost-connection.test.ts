import { afterEach, describe, expect, test } from 'vitest';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';
import { pathTo } from '../../support/paths.ts';
import { failure } from '../../support/run-fixtures.ts';
import { type Scene, startScriptedRegistry } from '../../support/scripted-registry.ts';
import { failureOf, get, Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

/** A failure without an answer, with this code of the network. */
const lost = (code: string) =>
  failure({ reason: 'connection_reset', status: undefined, evidence: { message: '', code } });

type Client = 'buildkit' | 'podman' | 'skopeo';
const beginsAnew = (client: Client, code: string): boolean => clientProfiles[client].retry.retries(lost(code));

/** podman: pkg/retry, IsErrorRetryable and isErrnoRetryable. buildkit: retryhandler, retryError, and Temporary() of Go's net and syscall. */
describe.each<[code: string, podman: boolean, buildkit: boolean]>([
  // io.EOF.
  ['UND_ERR_SOCKET', true, true],
  ['ECONNRESET', true, true],
  ['EPIPE', false, true],
  ['ECONNREFUSED', true, false],
  // Temporary() says so of accept() only.
  ['ECONNABORTED', true, false],
  ['EHOSTUNREACH', true, false],
  ['ENETUNREACH', true, false],
  ['EHOSTDOWN', true, false],
  ['ENETDOWN', true, false],
  // The kernel's word, and that of each of our timers.
  ['ETIMEDOUT', true, true],
  ['EAI_AGAIN', false, true],
  ['ENOTFOUND', false, false],
  ['CERT_HAS_EXPIRED', false, false],
  ['UNREADABLE_ANSWER', false, false],
])('after %s', (code, podman, buildkit) => {
  test(`podman ${podman ? 'begins anew' : 'ends'}`, () => {
    expect(beginsAnew('podman', code)).toBe(podman);
  });

  test(`buildkit ${buildkit ? 'begins anew' : 'ends'}`, () => {
    expect(beginsAnew('buildkit', code)).toBe(buildkit);
  });

  test('skopeo ends', () => {
    expect(beginsAnew('skopeo', code)).toBe(false);
  });
});

/** Real failures of a connection, and how often each client begins anew. */
describe.each<[what: string, (scene: Scene) => unknown, attempts: { podman: number; buildkit: number }]>([
  ['before an answer', (scene) => scene.end(), { podman: 4, buildkit: 4 }],
  [
    'in the head of an answer (io.ErrUnexpectedEOF)',
    (scene) => scene.raw('HTTP/1.1 201 Created\r\nLoca').then(() => scene.end()),
    { podman: 1, buildkit: 4 },
  ],
])('a connection that ends %s', (_what, ending, attempts) => {
  test.each(['podman', 'buildkit'] as const)('%s', async (client) => {
    const script = (scene: Scene): unknown => scene.read().then(() => ending(scene));
    const registry = opened.own(await startScriptedRegistry({ PATCH: script, PUT: script }));
    const check = checkOf(registry.url, { client, sizeBytes: 10_000, check: { retries: 'profile' } });
    const run = await runOnce(check, runDeps({}, []));
    expect(run.failure?.evidence.code).toBe('UND_ERR_SOCKET');
    expect(run.attempts).toHaveLength(attempts[client]);
  });
});

test('a TLS handshake that takes too long is what took too long', async () => {
  const silent = await opened.tcp((socket) => socket.resume());
  const origin = `https://127.0.0.1:${silent.port}`;
  const transport = opened.transport(pathTo(origin), { tlsTimeoutMs: 50 });
  const { code, timer } = await failureOf(transport.exchange(get(origin)));
  expect(timer).toBe('tls');
  expect([beginsAnew('podman', code), beginsAnew('buildkit', code)]).toEqual([true, true]);
});
