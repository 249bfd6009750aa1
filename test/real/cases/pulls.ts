import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HopName } from '../hops/hop.ts';
import { type Front, type FrontOptions, redirectingTo, startFront } from '../support/backends.ts';
import { endTogether, type Relay, startJoint } from '../support/relay.ts';
import { type Case, type Fault, pathsOf, type Stage } from './case.ts';

const sizeBytes = 8_000_000;
const size = '8MB';
/** The time limits of the hops here; what is pulled over them takes three times as long. */
const limitMs = 3_000;

function readsBlob({ method, url }: IncomingMessage): boolean {
  return method === 'GET' && /\/blobs\/sha256:/.test(url ?? '');
}

type Serve = (answer: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** A front that does something of its own with the blobs that are read. */
async function inFrontOf(stage: Stage, upstreamPort: number, serve: Serve): Promise<Front> {
  const after: NonNullable<FrontOptions['after']> = (request, answer, response) =>
    readsBlob(request) && answer.statusCode !== 404 ? serve(answer, response) : false;
  return stage.keep(startFront({ upstreamPort, after }));
}

/** The blob over so long: a thin line, on which nothing ever rests. */
function slowly(): Serve {
  let turn = 0;
  return async (answer, response) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    const startedMs = performance.now();
    // No line is as fast twice: of one that is, the same time would be the same bytes. By the golden ratio no two turns are near each other.
    turn += 0.618;
    const wholeMs = 3 * limitMs * (1 + (turn % 1) / 2);
    let passedBytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      passedBytes += chunk.length;
      await sleep(startedMs + (wholeMs * passedBytes) / sizeBytes - performance.now());
      if (response.destroyed) break;
      response.write(chunk);
    }
    response.end();
    return true;
  };
}

/** Three quarters of a large blob, and then nothing for twice as long as hops wait; all of it after that. */
async function withARest(answer: IncomingMessage, response: ServerResponse): Promise<boolean> {
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  const all = Number(answer.headers['content-length']);
  let passedBytes = 0;
  let rested = false;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    passedBytes += chunk.length;
    if (!rested && passedBytes > 0.75 * all) {
      rested = true;
      await sleep(2 * limitMs);
    }
    if (response.destroyed) break;
    response.write(chunk);
  }
  response.end();
  return true;
}

/** Passes TCP on, and hangs up once so many bytes came back. */
function startByteCounter(upstreamPort: number, mostBytes: number): Promise<Relay> {
  return startJoint(upstreamPort, (near, far) => {
    endTogether(near, far);
    let backBytes = 0;
    near.pipe(far);
    far.on('data', (chunk: Buffer) => {
      const left = mostBytes - backBytes;
      backBytes += chunk.length;
      if (chunk.length <= left) {
        near.write(chunk);
        return;
      }
      far.pause();
      near.end(chunk.subarray(0, left));
    });
    far.on('end', () => near.end());
  });
}

type SetUp = (stage: Stage) => ReturnType<Case['setUp']>;

/** A hop before a front that serves blobs in a way of its own; the direct path leads to that front. */
function behind(hop: HopName, more: Readonly<Record<string, string>>, serve: Serve = () => false): SetUp {
  return async (stage) => {
    const registry = await stage.registry();
    const front = await inFrontOf(stage, registry.port, serve);
    const before = await stage.hop(hop, { upstreamPort: front.port, more, buffers: false });
    return { size, flags: ['--quick', '--pull'], paths: pathsOf(stage, before, front.port) };
  };
}

/** Something before the registry that is no program of its own. */
function through(start: (stage: Stage, registryPort: number) => Promise<{ readonly port: number }>): SetUp {
  return async (stage) => {
    const registry = await stage.registry();
    const { port } = await start(stage, registry.port);
    const front = { origin: `http://127.0.0.1:${port}` };
    return { size, flags: ['--quick', '--pull'], paths: pathsOf(stage, front, registry.port) };
  };
}

const noReadTimeout = 'transport.respondingTimeouts.readTimeout=0';
const envoyTime = { route: `{"timeout":"${limitMs / 1_000}s"}` };
const traefikTime = { entryPoint: `${noReadTimeout}\ntransport.respondingTimeouts.writeTimeout=${limitMs / 1_000}s` };

interface PullRow {
  readonly what: string;
  readonly source: string;
  readonly setUp: SetUp;
  readonly expected: Case['expected'];
}

const atIngress = (right: RegExp): Fault => ({ right, hops: ['ingress'] });

const rows: readonly PullRow[] = [
  {
    what: 'Envoy’s route has a time limit, and the line is thin',
    source: 'envoyproxy.io FAQ on timeouts: the route timeout counts the whole answer',
    setUp: behind('envoy', envoyTime, slowly()),
    expected: atIngress(/^envoy_pull_timeout\n/),
  },
  {
    what: 'Traefik’s writeTimeout, and the line is thin',
    source: 'doc.traefik.io respondingTimeouts.writeTimeout',
    setUp: behind('traefik', traefikTime, slowly()),
    expected: atIngress(/^pull_time_limit\n/),
  },
  {
    what: 'nginx waits for a registry that rests in the middle of a blob',
    source: 'nginx.org proxy_read_timeout',
    setUp: behind('nginx', { location: `proxy_read_timeout ${limitMs / 1_000}s;` }, withARest),
    expected: atIngress(/^pull_silence_limit\n[^]*proxy_read_timeout/),
  },
  {
    what: 'HAProxy waits for a registry that rests in the middle of a blob',
    source: 'HAProxy configuration manual, timeout server',
    setUp: behind('haproxy', { backend: `timeout server ${limitMs / 1_000}s` }, withARest),
    expected: atIngress(/^pull_silence_limit\n[^]*timeout server/),
  },
  {
    what: 'a relay hangs up after so many bytes',
    source: 'moby/moby#22906, unexpected EOF at the same place',
    setUp: through((stage, port) => stage.keep(startByteCounter(port, 3_000_000))),
    expected: atIngress(/^pull_size_limit\n/),
  },
  {
    what: 'squid lets no answer back that is larger than 3 MB',
    source: 'squid-cache.org reply_body_max_size',
    setUp: behind('squid', { rules: 'reply_body_max_size 3000 KB all' }),
    expected: atIngress(/^pull_size_refused\n[^]*reply_body_max_size/),
  },
  {
    what: 'HAProxy denies answers whose Content-Length is above 3 MB',
    source: 'HAProxy configuration manual, http-response deny',
    setUp: behind('haproxy', { backend: 'http-response deny if { res.hdr_val(content-length) gt 3000000 }' }),
    expected: atIngress(/^pull_size_refused\n[^]*http-response deny/),
  },
  {
    what: 'ModSecurity looks into answers, up to 3 MB',
    source: 'ModSecurity reference manual, SecResponseBodyLimit',
    setUp: behind('apache', {
      modules: 'LoadModule security2_module /usr/lib/apache2/modules/mod_security2.so',
      server:
        'SecRuleEngine On\nSecResponseBodyAccess On\nSecResponseBodyMimeType application/octet-stream\nSecResponseBodyLimit 3000000\nSecResponseBodyLimitAction Reject',
    }),
    expected: atIngress(/^pull_size_refused\n[^]*SecResponseBody/),
  },
  {
    what: 'awkward and fine: squid lets answers back that are no larger than 30 MB',
    source: 'the twin of the first of these',
    setUp: behind('squid', { rules: 'reply_body_max_size 30 MB all' }),
    expected: 'healthy',
  },
  {
    what: 'the store that reads are redirected to is not there',
    source: 'distribution/distribution#2862',
    setUp: through((stage, upstreamPort) =>
      stage.keep(startFront({ upstreamPort, after: redirectingTo('http://127.0.0.1:1') })),
    ),
    expected: { right: /redirect/, hops: ['registry_storage', 'ingress'] },
  },
  {
    what: 'a CDN finds the signature expired',
    source: 'docs.aws.amazon.com S3 error responses',
    setUp: through((stage, port) =>
      inFrontOf(stage, port, (_answer, response) => {
        response.writeHead(403, { server: 'AmazonS3', 'content-type': 'application/xml' });
        response.end('<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>');
        return true;
      }),
    ),
    expected: { right: /expired/, hops: ['registry_storage', 'ingress', 'edge'] },
  },
  {
    what: 'a cache gives back other bytes',
    source: 'rfc9111, storing incomplete responses',
    setUp: through((stage, port) =>
      inFrontOf(stage, port, (answer, response) => {
        response.writeHead(200, { ...answer.headers, age: '30', 'x-cache': 'HIT' });
        answer.on('data', (chunk: Buffer) => response.write(Buffer.alloc(chunk.length)));
        answer.on('end', () => response.end());
        return true;
      }),
    ),
    expected: atIngress(/^pull_cache_wrong\n/),
  },
  {
    what: 'a hop compresses what it was not asked to',
    source: 'cloudflare/cloudflared#500 and nginx.org gzip_types',
    setUp: through((stage, port) =>
      inFrontOf(stage, port, async (answer, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
        const { 'content-length': _length, ...headers } = answer.headers;
        response.writeHead(200, { ...headers, 'content-encoding': 'gzip' });
        response.end(gzipSync(Buffer.concat(chunks), { level: 1 }));
        return true;
      }),
    ),
    expected: atIngress(/^pull_recoded\n/),
  },
  {
    what: 'awkward and fine: a thin line without limits on time',
    source: 'the twin of the first two',
    setUp: behind('envoy', {}, slowly()),
    expected: 'healthy',
  },
  {
    what: 'awkward and fine: a registry that rests in the middle of a blob, and nginx that waits',
    source: 'the twin of the next two',
    setUp: behind('nginx', {}, withARest),
    expected: 'healthy',
  },
];

export const pullCases: readonly Case[] = rows.map(({ what, ...rest }) => ({ name: `pulls: ${what}`, ...rest }));
