import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { createDaemonParts } from '../../../src/daemon/daemon-parts.ts';
import { createEngine } from '../../../src/daemon/engine.ts';
import { startWeb } from '../../../src/daemon/web.ts';
import { createCertificates } from '../../support/certificates.ts';
import { Ledger } from '../../../src/probe/leftovers/ledger.ts';
import { http2Moves } from '../../support/hostile-http2-moves.ts';
import { atUpload, type Http2Move } from '../../support/http2-scripts.ts';
import {
  bodyMoves,
  echoMoves,
  leadMoves,
  markup,
  markupMoves,
  type Moves,
  wireMoves,
} from '../../support/hostile-moves.ts';
import { type Elsewhere, hostile, leaks, password, startElsewhere } from '../../support/hostile-scene.ts';
import { startFrameServer } from '../../support/http2-frames.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { type Script, startScriptedRegistry } from '../../support/scripted-registry.ts';

let elsewhere: Elsewhere;
beforeAll(async () => {
  elsewhere = await startElsewhere();
});

const folder = mkdtempSync(join(tmpdir(), 'blobprobe-hostile-daemon-'));
const { ca, valid } = createCertificates();
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, ca.cert);

interface Hostile {
  readonly url: string;
  readonly close: () => Promise<void>;
}

const servers: Hostile[] = [];
afterAll(async () => {
  elsewhere.close();
  rmSync(folder, { recursive: true });
  await Promise.all(servers.map((server) => server.close()));
});

interface Group {
  readonly client: string;
  /** Starts a server for each move. */
  readonly start: () => Promise<Hostile[]>;
}

function scripted(at: readonly string[], moves: () => Moves): Group {
  const start = (move: Script): Promise<Hostile> => startScriptedRegistry(hostile(move, at));
  return { client: 'docker', start: () => Promise.all(Object.values(moves()).map(start)) };
}

const overHttp2: Group = {
  client: 'crane',
  start: () =>
    Promise.all(Object.values<Http2Move>(http2Moves).map(({ script }) => startFrameServer(valid, atUpload(script)))),
};

const groups: readonly (readonly [to: string, group: Group])[] = [
  ['the POST', scripted(['POST'], () => ({ ...wireMoves, ...leadMoves(elsewhere.url) }))],
  ['the body', scripted(['PATCH', 'PUT'], () => ({ ...echoMoves(password), ...markupMoves }))],
  ['reads', scripted(['GET /v2/probe/blobs', 'HEAD', 'GET /v2/_catalog'], () => bodyMoves('{"tags": ['))],
  ['an upload over HTTP/2', overHttp2],
];

/** Tags of a page that load or run something, but for its own script and pictures. */
function foreignTags(page: string): string[] {
  return [...page.matchAll(/<[a-z][^>]*>/gi)]
    .map(([tag]) => tag)
    .filter((tag) =>
      /^<(?:script|img|iframe|object|embed|base)\b|\son\w+=|(?:javascript|http):\/\/x\.invalid/i.test(tag),
    )
    .filter((tag) => tag !== '<script src="/app.js" defer>');
}

test('a tag that would run or load something is seen', () => {
  expect(foreignTags(markup).length).toBe(3);
});

test.each(groups)(
  'a daemon that meets hostile answers to %s judges each, goes on and tells no secret',
  async (to, group) => {
    const started = await group.start();
    servers.push(...started);
    const credentials = { username: 'probe', password };
    const registries = Object.fromEntries(
      started.map(({ url }, index) => [
        `registry${index}`,
        {
          repository: 'probe/blobs',
          credentials,
          paths: { direct: { url, tls: url.startsWith('https') ? { caFile } : undefined } },
        },
      ]),
    );
    const check = { size: '16KiB', every: '1s', timeout: '1s', clients: [group.client], retries: 'none', pull: true };
    const file = JSON.stringify({ registries, checks: { small: check }, budget: { transfers: 16 } });
    const readConfig = (): Config => parseConfig(file, 'config.yaml', { env: {} });
    const ledger = new Ledger();
    const engine = createEngine(ledger, { cleanupTimeoutMs: 500, stallTimeoutMs: 1_000 });
    const { log, lines } = recordingLog();
    const build = { version: '0', revision: 'r', nodeVersion: 'v' };
    const parts = createDaemonParts({ config: readConfig(), readConfig, engine, build, log });
    const { daemon, history } = parts;
    const web = await startWeb(
      { listen: [{ host: '127.0.0.1', port: 0 }], paths: { routePrefix: '/', externalPath: '/' } },
      { ...parts, log },
    );
    const address = `http://127.0.0.1:${web.addresses[0]?.port}`;
    daemon.start();
    const judged = (): number => new Set(history.list().map((run) => run.check.registry.name)).size;
    await expect.poll(judged, { timeout: 120_000, interval: 200 }).toBe(started.length);
    expect(daemon.ready).toBe(true);
    await daemon.stop(30_000);

    const runs = history.list();
    expect(runs.filter(({ failure }) => failure?.reason === 'internal')).toEqual([]);
    // What lies about a blob only when it is read back may get away with it.
    expect(to === 'reads' ? [] : runs.filter(({ ok }) => ok).map((run) => run.check.registry.name)).toEqual([]);
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    const pages = ['/', '/runs', '/report', '/config', ...runs.map(({ id }) => `/runs/${id}`)];
    const data = ['/metrics', '/api/v1/status', '/api/v1/runs', ...runs.map(({ id }) => `/api/v1/runs/${id}`)];
    const read = async (path: string): Promise<string> => (await fetch(`${address}${path}`)).text();
    const texts: string[] = [];
    for (const path of pages) {
      const text = await read(path);
      expect([path, text.length > 500, foreignTags(text)]).toEqual([path, true, []]);
      texts.push(text);
    }
    for (const path of data) texts.push(await read(path));
    await web.close();
    const told = JSON.stringify(lines) + texts.join('\n');
    expect(leaks.filter((leak) => told.includes(leak) || told.includes(JSON.stringify(leak).slice(1, -1)))).toEqual([]);
    expect(told.includes('<p>&lt;secret&gt;</p>') || told.includes('&lt;p&gt;&lt;secret&gt;')).toBe(to === 'the body');
    expect(told.includes('onerror=')).toBe(to === 'the body');
    expect(elsewhere.connections).toBe(0);
  },
);
