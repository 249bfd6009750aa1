import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../../../src/cli/command-line.ts';
import { diagnoseCommand } from '../../../src/cli/diagnose.ts';
import { limitCommand } from '../../../src/cli/limit.ts';
import { pushCommand } from '../../../src/cli/push.ts';
import { reportCommand } from '../../../src/cli/report.ts';
import { createEngine } from '../../../src/daemon/engine.ts';
import { createCertificates } from '../../support/certificates.ts';
import { Ledger } from '../../../src/probe/leftovers/ledger.ts';
import { http2Moves } from '../../support/hostile-http2-moves.ts';
import { atPull, atUpload, type Http2Move } from '../../support/http2-scripts.ts';
import {
  bodyMoves,
  challengeMoves,
  echoMoves,
  leadMoves,
  markupMoves,
  type Moves,
  tokenMoves,
  wireMoves,
} from '../../support/hostile-moves.ts';
import { type Elsewhere, hostile, leaks, password, startElsewhere } from '../../support/hostile-scene.ts';
import { type FrameScript, startFrameServer } from '../../support/http2-frames.ts';
import { type Script, startScriptedRegistry } from '../../support/scripted-registry.ts';

const mebibyte = 1024 * 1024;

let elsewhere: Elsewhere;
beforeAll(async () => {
  elsewhere = await startElsewhere();
});
const folder = mkdtempSync(join(tmpdir(), 'blobprobe-hostile-commands-'));
afterAll(() => {
  elsewhere.close();
  rmSync(folder, { recursive: true });
});
const { ca, valid } = createCertificates();
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, ca.cert);

const timeout = '--timeout=700ms';
const small = ['--size=16KiB', '--quick', timeout];
const push = ['push', '--size=16KiB', timeout];
const pull = ['push', '--json', '--size=16KiB', '--pull', timeout];
const diagnose = ['diagnose', '--json', ...small];
const limit = ['limit', '--only=size', '--up-to=32KiB', '--resolution=16KiB', timeout];
const report = ['report', '--format=html', '--small-size=1KiB', ...small];

async function run(args: readonly string[]): Promise<{ code: number | undefined; text: string }> {
  let text = '';
  const ledger = new Ledger();
  const engine = createEngine(ledger, { cleanupTimeoutMs: 500, stallTimeoutMs: 1_000 });
  const deps = { engine, ledger, isTerminal: false };
  const write = (more: string): void => void (text += more);
  const all = [pushCommand(deps), diagnoseCommand(deps), limitCommand(deps), reportCommand(deps)] as const;
  return {
    code: await runCommandLine(args, [...all], { out: write, err: write, env: {}, readInput: () => `${password}\n` }),
    text,
  };
}

/** Those that examine push again and again, over code that `push` has tried: one move of each kind is enough for them. */
const examined =
  /^(?:headers without end|a gzip bomb|two lengths|a Location elsewhere|a redirect in a circle|a realm|five thousand challenges|a quote|issued in the year 9999|a token of 120 KB|ten thousand lengths|without end|a thousand cookies|a secret(?:, JSON of Go| in headers| as a code)|markup in a page|RST_STREAM for|SETTINGS|CONTINUATION|informational|a window (?:of 0|that opens)|PING)/;

function movesFor<M>(moves: Readonly<Record<string, M>>, command: string): [name: string, move: M][] {
  return Object.entries(moves).filter(([name]) => command === 'push' || examined.test(name));
}

const atOnce = 16;

/** Few at a time: what is bounded is the time of one, and they share a process. */
async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const left = [...items];
  const results: R[] = [];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) results.push(await work(item));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** A server that does what is to be tried. */
interface Hostile {
  readonly url: string;
  /** How often something was asked of it. */
  readonly asked: () => number;
  readonly close: () => Promise<void>;
}

interface Group {
  readonly commands: readonly string[][];
  /** Flags that its server needs. */
  readonly flags?: readonly string[];
  /** Starts a server for each move, by its name. */
  readonly servers: () => Readonly<Record<string, () => Promise<Hostile>>>;
}

function scripted(moves: () => Moves, at: readonly string[]): Group['servers'] {
  return () => mapped(moves(), (move) => startHttp1(move, at));
}

async function startHttp1(move: Script, at: readonly string[]): Promise<Hostile> {
  const server = await startScriptedRegistry(hostile(move, at));
  // The question without a login is none that a move answers.
  return { url: server.url, asked: () => server.requests.length - 1, close: () => server.close() };
}

async function startHttp2(script: FrameScript): Promise<Hostile> {
  const server = await startFrameServer(valid, script);
  return { url: server.url, asked: () => server.acceptedConnections, close: server.close };
}

async function startTokens(reply: Script): Promise<Hostile> {
  const asks: Script = (scene) => scene.answer(401, { 'WWW-Authenticate': 'Bearer realm="/token",service="registry"' });
  const server = await startScriptedRegistry({ 'GET /token': reply, 'POST /token': reply, GET: asks, POST: asks });
  return { url: server.url, asked: () => server.requests.length - 1, close: () => server.close() };
}

function mapped<M>(
  moves: Readonly<Record<string, M>>,
  start: (move: M) => Promise<Hostile>,
): Readonly<Record<string, () => Promise<Hostile>>> {
  return Object.fromEntries(Object.entries(moves).map(([name, move]) => [name, () => start(move)]));
}

const groups: Readonly<Record<string, Group>> = {
  'the POST': {
    servers: scripted(() => ({ ...wireMoves, ...leadMoves(elsewhere.url) }), ['POST']),
    commands: [push, diagnose, limit, report],
  },
  'the POST that asks for a login': {
    servers: scripted(() => challengeMoves, ['POST']),
    commands: [push, diagnose, limit],
  },
  tokens: {
    servers: () => mapped(tokenMoves, startTokens),
    commands: [push, diagnose, limit],
  },
  'the body': {
    servers: scripted(
      () => ({ ...echoMoves(password), ...markupMoves, ...leadMoves(elsewhere.url) }),
      ['PATCH', 'PUT'],
    ),
    commands: [pull, report],
  },
  reads: {
    servers: scripted(() => bodyMoves('{"tags": ['), ['GET /v2/probe/blobs', 'HEAD', 'GET /v2/_catalog']),
    commands: [pull, report],
  },
  'an upload over HTTP/2': {
    servers: () => mapped<Http2Move>(http2Moves, ({ script }) => startHttp2(atUpload(script))),
    flags: ['--client=crane', `--ca=${caFile}`],
    commands: [push, diagnose, limit, report],
  },
  // Checks of the API, which the report makes besides, speak HTTP/1.1 only.
  'reads over HTTP/2': {
    servers: () => mapped<Http2Move>(http2Moves, ({ script }) => startHttp2(atPull(script))),
    flags: ['--client=crane', `--ca=${caFile}`],
    commands: [pull],
  },
};

// The process listens to signals once for each command that runs.
process.setMaxListeners(20);

/** A push ends by its timeout, and what it left is tried again after two seconds; what examines makes a dozen pushes. With room for a busy machine. */
const longestMs = (command: string): number => (command === 'push' ? 20_000 : 40_000);
const runs = Object.entries(groups).flatMap(([to, { commands }]) =>
  commands.map((args) => [args[0] ?? '', to, args] as const),
);

/** What a terminal would obey: control characters but for the ends of lines, and those that turn the direction of text. */
const forTerminals = /[^\P{Cc}\t\r\n]|[\u202a-\u202e\u2066-\u2069]/u;

describe('a hostile server ends no command late, in a crash or with a secret', () => {
  test.each(runs)('%s, hostile answers to %s', async (command, to, args) => {
    const { servers, flags = [] } = groups[to]!;
    const heapBytes = process.memoryUsage().heapUsed;
    const results = await inTurn(movesFor(servers(), command), async ([move, start]) => {
      const server = await start();
      const login = ['--url', server.url, '--repository=probe/blobs', '--user=probe', '--password-stdin'];
      const startedMs = performance.now();
      const { code, text } = await run([...args, ...flags, ...login]);
      const tookMs = performance.now() - startedMs;
      await server.close();
      return { move, code, text, late: tookMs > longestMs(command), asked: server.asked() };
    });
    expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(192 * mebibyte);
    // On a busy machine a push may be over before its login is.
    expect(results.filter(({ asked }) => asked > 0).length).toBeGreaterThan(results.length / 10);
    expect(results.filter(({ late }) => late).map(({ move }) => move)).toEqual([]);
    // What a client does not look at may be as strange as it likes: the push gets through.
    const isDone = (text: string): boolean => to === 'reads' || /: pushed \d/.test(text);
    expect(results.filter(({ code, text }) => code !== 1 && !(code === 0 && isDone(text)))).toEqual([]);
    expect(results.filter(({ text }) => forTerminals.test(text))).toEqual([]);
    expect(results.filter(({ text }) => /\n\s+at \S.*:\d+:\d+/.test(text) || text.length < 100)).toEqual([]);
    for (const { move, text } of results)
      expect([move, leaks.filter((leak) => text.includes(leak))]).toEqual([move, []]);
    expect(elsewhere.connections).toBe(0);
  });
});
