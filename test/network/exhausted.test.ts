import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { builtProgram } from '../support/program.ts';
import { Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

/** Takes all descriptors that are left, and then wants a connection. */
const script = `
const [dist, origin] = process.argv.slice(1);
const { createTransport } = await import(dist + '/network/transport.js');
const { transportDefaults } = await import(dist + '/network/transport-options.js');
const { classify } = await import(dist + '/probe/judge/classify.js');
const { noContext } = await import(dist + '/probe/judge/facts.js');
const { openSync } = await import('node:fs');
const path = { name: 'p', origin, kind: 'direct', dnsServers: [], headers: {}, allowHosts: [], realm: 'follow',
  tls: { insecure: false, minVersion: 'TLSv1.2' } };
const transport = createTransport(path, { ...transportDefaults, httpVersion: '1.1', now: () => performance.now() });
try { for (;;) openSync('/dev/null'); } catch {}
const request = { method: 'GET', url: new URL(origin), headers: {}, signal: new AbortController().signal };
const error = await transport.exchange(request).then(() => ({ code: 'none' }), (one) => one);
const { reason, blame, phase } = classify(error, { ...noContext, step: 'auth' });
process.stdout.write(JSON.stringify({ code: error.code, stage: error.stage, reason, blame, phase }), () => process.exit());
`;

let dist: string;
// Compiles it, if nobody has: a minute and more on a machine that has much else to do.
beforeAll(() => {
  dist = pathToFileURL(dirname(builtProgram())).href;
}, 300_000);

test('without descriptors the failure is our own, and no word about the path', async () => {
  const { port } = await opened.tcp((socket) => socket.end());
  const limited = ['-c', 'ulimit -n 64; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', script];
  const child = spawn('/bin/sh', [...limited, dist, `http://127.0.0.1:${port}`], { timeout: 50_000 });
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  child.stderr.on('data', (chunk) => (said += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  expect(JSON.parse(said)).toEqual({
    code: 'EMFILE',
    stage: 'connect',
    reason: 'prober_exhausted',
    blame: 'prober',
    phase: 'connect',
  });
});
