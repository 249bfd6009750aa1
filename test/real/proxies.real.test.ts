import type { ClientName } from '../../src/probe/clients/client-profiles.ts';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoEdge, startEdge } from '../support/lab/edge.ts';
import type { Fault } from '../support/lab/faults/fault.ts';
import { type PresetName, presetOf } from '../../src/lab/presets.ts';
import type { EdgeIdentity } from '../../src/lab/proxy-styles.ts';
import { type DemoRegistry, startRegistry as startDemoRegistry } from '../support/lab/registry.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { checkOf, runDeps, runOnce } from '../support/checks.ts';
import { describeWithComponents } from '../support/component.ts';
import { type CertificateFiles, makeCertificates } from './support/certificates.ts';
import { startRegistry } from './support/docker-registry.ts';
import { freePort } from './support/process.ts';
import { type ProxyOptions, type ProxyProgram, startProxy } from './support/proxies.ts';
import { temporaryDirectory, type TemporaryDirectory } from './support/temporary-directory.ts';

const MiB = 1024 * 1024;
const clients = ['docker', 'docker-containerd', 'chunked'] as const;

let directory: TemporaryDirectory;
let certificates: CertificateFiles;
/** What tells two failures apart: reason, phase, who answered and with what. */
function outcome({ ok, failure }: Run): string {
  if (failure === undefined) return ok ? 'ok' : 'no failure named';
  return [failure.reason, failure.phase, failure.answeredBy, failure.status ?? '-'].join(' ');
}

interface Push {
  readonly origin: string;
  readonly client: ClientName;
  readonly sizeBytes: number;
  readonly tls: boolean;
  /** Pause once after this many bytes of the body, in milliseconds. */
  readonly pause?: { readonly afterBytes: number; readonly durationMs: number } | undefined;
}

/** After each MiB, so that what a hop refuses is refused while the body is on its way, however late the hop is. */
const restMs = 50;

async function push({ origin, client, sizeBytes, tls, pause }: Push): Promise<string> {
  const path = tls ? { tls: { insecure: false, minVersion: 'TLSv1.2', caFile: certificates.caFile } as const } : {};
  const check = checkOf(origin, { client, sizeBytes, path });
  const chunked = client === 'chunked' ? { ...check, client: { ...check.client, chunkBytes: MiB } } : check;
  let sent = 0;
  const pacer = {
    async take(bytes: number): Promise<void> {
      const before = sent;
      sent += bytes;
      if (Math.floor(before / MiB) < Math.floor(sent / MiB)) await sleep(restMs);
      if (pause === undefined || before > pause.afterBytes || sent <= pause.afterBytes) return;
      await sleep(pause.durationMs);
    },
  };
  return outcome(await runOnce(chunked, runDeps({ pacer, stallTimeoutMs: 20_000 })));
}
/** A stand-in of the lab for one hop: a preset, with some of its numbers changed to those that the real one was given. */
interface StandIn {
  readonly identity: EdgeIdentity;
  readonly faults: readonly Fault[];
}

/** The preset with the numbers of `options`; what the options do not speak of stays as the preset has it. */
function standInFor(preset: PresetName, options: Omit<ProxyOptions, 'upstreamPort'>): StandIn {
  const { identity, faults } = presetOf(preset);
  return { identity, faults: faults.flatMap((fault) => tuned(fault, options) ?? []) };
}

function tuned(fault: Fault, options: Omit<ProxyOptions, 'upstreamPort'>): Fault | undefined {
  const { limitBytes, buffersRequests, answerSeconds, pauseSeconds } = options;
  const seconds = { 'response-timeout': answerSeconds, 'idle-cut': pauseSeconds };
  if (fault.kind === 'body-limit') return { ...fault, limitBytes: limitBytes ?? fault.limitBytes };
  if (fault.kind === 'buffer-request') return buffersRequests === false ? undefined : fault;
  if (fault.kind !== 'response-timeout' && fault.kind !== 'idle-cut') return fault;
  const given = seconds[fault.kind];
  return given === undefined ? fault : { ...fault, limitMs: given * 1000 };
}

/** HAProxy has one timer for a server that is late and for a client that pauses: `timeout server`. */
function haproxyStandIn({ answerSeconds }: Omit<ProxyOptions, 'upstreamPort'>): StandIn {
  return standInFor('haproxy', answerSeconds === undefined ? {} : { answerSeconds, pauseSeconds: answerSeconds });
}

/**
 * No preset of the lab, since Caddy limits nothing by itself: its face, and what the test sets up. Caddy 2.6 counts bytes
 * whatever was declared; beyond the limit a streamed body is a 413, and one with a length fails on the way to the registry.
 */
function caddyStandIn({ limitBytes, answerSeconds }: Omit<ProxyOptions, 'upstreamPort'>): StandIn {
  const limit: Fault[] =
    limitBytes === undefined
      ? []
      : [
          { kind: 'body-limit', limitBytes, ending: 'linger', when: { methods: ['PATCH'] } },
          { kind: 'answer', status: 502, afterBytes: limitBytes, ending: 'linger', when: { methods: ['PUT'] } },
        ];
  const late: Fault[] =
    answerSeconds === undefined ? [] : [{ kind: 'response-timeout', limitMs: answerSeconds * 1000, status: 504 }];
  return { identity: { style: 'caddy' }, faults: [...limit, ...late] };
}

const standIns: Readonly<Record<ProxyProgram, (options: Omit<ProxyOptions, 'upstreamPort'>) => StandIn>> = {
  nginx: (options) => standInFor('ingress-nginx-default', options),
  haproxy: haproxyStandIn,
  caddy: caddyStandIn,
};

/** One hop with its settings, outermost first in a chain. */
type Hop = readonly [program: ProxyProgram, options: Omit<ProxyOptions, 'upstreamPort'>];

interface Case {
  readonly hops: readonly Hop[];
  readonly sizeBytes: number;
  /** `docker-registry`: Debian's; `slow`: the lab's, which takes 5 s to commit; `down`: nobody listens. */
  readonly registry: 'docker-registry' | 'slow' | 'down';
  readonly pauseMs?: number;
  readonly outcomes: Readonly<Record<(typeof clients)[number], string>>;
}

async function outcomes(
  origin: string,
  { hops, sizeBytes, pauseMs }: Omit<Case, 'outcomes'>,
): Promise<Record<string, string>> {
  const tls = hops[0]?.[1].tls !== undefined;
  const pause = pauseMs === undefined ? undefined : { afterBytes: 0.625 * MiB, durationMs: pauseMs };
  const seen = clients.map(async (client) => [client, await push({ origin, client, sizeBytes, tls, pause })] as const);
  return Object.fromEntries(await Promise.all(seen));
}

/** Runs all clients over the real hops and over the lab's, to the same registry. */
async function compare(
  given: Omit<Case, 'outcomes'>,
): Promise<{ real: Record<string, string>; lab: Record<string, string> }> {
  const closers: (() => Promise<void>)[] = [];
  try {
    const registryPort = await startRegistryOf(given.registry, closers);
    let realPort = registryPort;
    let labUrl = `http://127.0.0.1:${registryPort}`;
    let realOrigin = labUrl;
    for (const [program, options] of given.hops.toReversed()) {
      const proxy = await startProxy(program, { ...options, upstreamPort: realPort });
      closers.push(proxy.close);
      [realPort, realOrigin] = [proxy.port, proxy.origin];
      const edge: DemoEdge = await startEdge({ upstream: labUrl, ...standIns[program](options), ...tlsOf(options) });
      closers.push(edge.close);
      labUrl = edge.url;
    }
    const [real, lab] = await Promise.all([outcomes(realOrigin, given), outcomes(labUrl, given)]);
    return { real, lab };
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

function tlsOf({ tls }: Omit<ProxyOptions, 'upstreamPort'>): { tls?: { cert: string; key: string } } {
  if (tls === undefined) return {};
  return { tls: { cert: readFileSync(tls.certFile, 'utf8'), key: readFileSync(tls.keyFile, 'utf8') } };
}

async function startRegistryOf(kind: Case['registry'], closers: (() => Promise<void>)[]): Promise<number> {
  if (kind === 'down') return freePort();
  if (kind === 'slow') {
    const slow: DemoRegistry = await startDemoRegistry({ settings: { commitDelayMs: 5_000 } });
    closers.push(slow.close);
    return slow.port;
  }
  const registry = await startRegistry();
  closers.push(registry.close);
  return registry.port;
}
const all = (one: string): Case['outcomes'] => ({ docker: one, 'docker-containerd': one, chunked: one });
const late = (proxy: string): Case['outcomes'] => ({
  docker: `response_timeout commit ${proxy} 504`,
  'docker-containerd': `response_timeout wait ${proxy} 504`,
  chunked: `response_timeout commit ${proxy} 504`,
});
const tooLarge = (proxy: string): Case['outcomes'] => ({ ...all(`body_too_large send ${proxy} 413`), chunked: 'ok' });
/** docker asks `/v2/` first, the containerd store begins with a HEAD, whose answer has no page. */
const down = (proxy: string, status: number): Case['outcomes'] => ({
  docker: `origin_unreachable auth ${proxy} ${status}`,
  'docker-containerd': `origin_unreachable start ${proxy} ${status}`,
  chunked: `origin_unreachable start ${proxy} ${status}`,
});

const debian = { registry: 'docker-registry', sizeBytes: 16 * MiB } as const;
const slow = { registry: 'slow', sizeBytes: MiB / 2 } as const;
const nobody = { registry: 'down', sizeBytes: 1000 } as const;
const pausing = { registry: 'docker-registry', sizeBytes: 2 * MiB, pauseMs: 5_000 } as const;
const limit = { limitBytes: MiB };
const tls = (): { tls: CertificateFiles } => ({ tls: certificates });

/** What is tried, and the case; a function, because certificates are made when the tests begin. */
type Row = readonly [name: string, given: () => Case];

const nginxRows: readonly Row[] = [
  ['a body at the limit', () => ({ hops: [['nginx', limit]], ...debian, sizeBytes: MiB, outcomes: all('ok') })],
  ['a body beyond it', () => ({ hops: [['nginx', limit]], ...debian, outcomes: tooLarge('nginx') })],
  [
    'a body beyond it, passed on as it comes',
    () => ({ hops: [['nginx', { ...limit, buffersRequests: false }]], ...debian, outcomes: tooLarge('nginx') }),
  ],
  [
    'a body below it, passed on as it comes',
    () => ({ hops: [['nginx', { limitBytes: 32 * MiB, buffersRequests: false }]], ...debian, outcomes: all('ok') }),
  ],
  [
    'a body beyond it, over TLS',
    () => ({ hops: [['nginx', { ...limit, ...tls() }]], ...debian, outcomes: tooLarge('nginx') }),
  ],
  [
    'a body at it, over TLS',
    () => ({ hops: [['nginx', { ...limit, ...tls() }]], ...debian, sizeBytes: MiB, outcomes: all('ok') }),
  ],
  ['proxy_read_timeout', () => ({ hops: [['nginx', { answerSeconds: 2 }]], ...slow, outcomes: late('nginx') })],
  [
    'client_body_timeout',
    () => ({
      hops: [['nginx', { limitBytes: 8 * MiB, pauseSeconds: 2 }]],
      ...pausing,
      outcomes: all('connection_reset send none -'),
    }),
  ],
  [
    'a pause below client_body_timeout',
    () => ({ hops: [['nginx', { limitBytes: 8 * MiB, pauseSeconds: 15 }]], ...pausing, outcomes: all('ok') }),
  ],
  ['no registry', () => ({ hops: [['nginx', {}]], ...nobody, outcomes: down('nginx', 502) })],
];

const haproxyRows: readonly Row[] = [
  ['a large body', () => ({ hops: [['haproxy', {}]], ...debian, outcomes: all('ok') })],
  ['a large body, over TLS', () => ({ hops: [['haproxy', tls()]], ...debian, outcomes: all('ok') })],
  [
    'timeout server, the registry is late',
    () => ({ hops: [['haproxy', { answerSeconds: 2 }]], ...slow, outcomes: late('haproxy') }),
  ],
  [
    'timeout server, the client pauses',
    () => ({
      hops: [['haproxy', { answerSeconds: 2 }]],
      ...pausing,
      outcomes: all('response_timeout send haproxy 504'),
    }),
  ],
  [
    'timeout client, the client pauses: nothing happens',
    () => ({ hops: [['haproxy', { pauseSeconds: 2 }]], ...pausing, outcomes: all('ok') }),
  ],
  ['no registry', () => ({ hops: [['haproxy', {}]], ...nobody, outcomes: down('haproxy', 503) })],
];

const caddyRows: readonly Row[] = [
  ['a large body', () => ({ hops: [['caddy', {}]], ...debian, outcomes: all('ok') })],
  ['a large body, over TLS', () => ({ hops: [['caddy', tls()]], ...debian, outcomes: all('ok') })],
  [
    'request_body max_size',
    () => ({
      hops: [['caddy', limit]],
      ...debian,
      outcomes: { ...tooLarge('caddy'), 'docker-containerd': 'origin_unreachable send caddy 502' },
    }),
  ],
  ['response_header_timeout', () => ({ hops: [['caddy', { answerSeconds: 2 }]], ...slow, outcomes: late('caddy') })],
  ['no registry', () => ({ hops: [['caddy', {}]], ...nobody, outcomes: down('caddy', 502) })],
];

/** Outermost first. */
const chainRows: readonly Row[] = [
  [
    'HAProxy before nginx: what nginx refuses is nginx’s',
    () => ({
      hops: [
        ['haproxy', {}],
        ['nginx', limit],
      ],
      ...debian,
      outcomes: tooLarge('nginx'),
    }),
  ],
  [
    'Caddy with TLS before nginx: likewise',
    () => ({
      hops: [
        ['caddy', tls()],
        ['nginx', limit],
      ],
      ...debian,
      outcomes: tooLarge('nginx'),
    }),
  ],
  [
    'HAProxy with TLS before nginx, at the limit',
    () => ({
      hops: [
        ['haproxy', tls()],
        ['nginx', limit],
      ],
      ...debian,
      sizeBytes: MiB,
      outcomes: all('ok'),
    }),
  ],
  [
    'nginx before HAProxy, whose registry is late: nginx puts its Server on HAProxy’s page, whose words are HAProxy’s',
    () => ({
      hops: [
        ['nginx', {}],
        ['haproxy', { answerSeconds: 2 }],
      ],
      ...slow,
      outcomes: late('haproxy'),
    }),
  ],
  [
    'the outer one has less patience',
    () => ({
      hops: [
        ['haproxy', { answerSeconds: 2 }],
        ['nginx', { answerSeconds: 4 }],
      ],
      ...slow,
      outcomes: late('haproxy'),
    }),
  ],
];

describeWithComponents(
  ['docker-registry', 'openssl', 'nginx', 'haproxy', 'caddy'],
  'real proxies and the lab’s',
  () => {
    beforeAll(() => {
      directory = temporaryDirectory('proxies');
      certificates = makeCertificates(directory.path, 'proxies');
    });
    afterAll(() => directory.remove());

    describe.each([
      ['nginx', nginxRows],
      ['HAProxy', haproxyRows],
      ['Caddy', caddyRows],
      ['chains of them', chainRows],
    ])('%s', (_group, rows) => {
      test.each(rows)('%s', async (_name, given) => {
        const { outcomes: wanted, ...rest } = given();
        expect(await compare(rest)).toEqual({ real: wanted, lab: wanted });
      });
    });
  },
);
