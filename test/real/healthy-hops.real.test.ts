import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWithComponents } from '../support/component.ts';
import { type HopName, hopPrograms, startHop } from './hops/hop.ts';
import { type BackendName, backendNames, startBackend } from './support/backends.ts';
import { type CertificateFiles, makeCertificates } from './support/certificates.ts';
import { askProgram, pushByProgram } from './support/diagnosing.ts';
import { startRelay } from './support/relay.ts';
import { type TemporaryDirectory, temporaryDirectory } from './support/temporary-directory.ts';

/** How often each cell is tried; `npm run healthy` says 10 and writes the table, anew after each try, so that whoever ends it has what was made. */
const times = Number(process.env['HEALTHY_TIMES'] ?? 1);
const table = fileURLToPath(new URL('../../docs/healthy-hops.md', import.meta.url));

interface Variant {
  readonly hop: HopName;
  readonly bodies: 'collected' | 'passed on';
  readonly http: '1.1' | '2';
}

const both = ['passed on', 'collected'] as const;
const offered: readonly (readonly [HopName, readonly Variant['bodies'][], readonly Variant['http'][]])[] = [
  ['nginx', both, ['1.1', '2']],
  ['haproxy', both, ['1.1', '2']],
  ['apache', both, ['1.1', '2']],
  ['caddy', both, ['1.1', '2']],
  ['traefik', both, ['1.1', '2']],
  ['envoy', both, ['1.1', '2']],
  // Its `request_buffer_enabled` copies 2 KiB by default: no setting for a registry.
  ['trafficserver', ['passed on'], ['1.1', '2']],
  ['varnish', ['passed on'], ['1.1', '2']],
  ['squid', ['passed on'], ['1.1']],
  ['lighttpd', both, ['1.1']],
];
const variants: readonly Variant[] = offered.flatMap(([hop, bodies, versions]) =>
  bodies.flatMap((one) => versions.map((http) => ({ hop, bodies: one, http }))),
);

const ways = { LAN: 0, '40 ms': 20 } as const;
type Way = keyof typeof ways;

let directory: TemporaryDirectory;
let tls: CertificateFiles;
/** How often each cell was tried, and called healthy. */
const made = new Map<string, { readonly tried: number; readonly healthy: number }>();

async function alarmOf({ hop, bodies, http }: Variant, way: Way, backend: BackendName): Promise<string | undefined> {
  const registry = await startBackend(backend);
  const secured = !['squid', 'lighttpd'].includes(hop);
  const front = await startHop(hop, {
    upstreamPort: registry.port,
    buffers: bodies === 'collected',
    http2: http === '2',
    ...(secured && { tls }),
  });
  const relay = await startRelay(front.port, ways[way]);
  try {
    const question = {
      client: http === '2' ? ('crane' as const) : ('docker' as const),
      paths: {
        public: {
          url: `${secured ? 'https' : 'http'}://127.0.0.1:${ways[way] === 0 ? front.port : relay.port}`,
          kind: 'ingress',
          ...(secured && { tls: { caFile: tls.caFile } }),
          allowHosts: ['127.0.0.1'],
        },
        direct: { url: `http://127.0.0.1:${registry.port}`, kind: 'internal', allowHosts: ['127.0.0.1'] },
      },
    };
    const pushed = await pushByProgram(question);
    if (pushed.exitCode !== 0) return `push: ${pushed.text}`;
    const { diagnosis, exitCode, text } = await askProgram(question);
    return diagnosis.kind === 'healthy' && exitCode === 0 ? undefined : `diagnose: ${diagnosis.why}\n${text}`;
  } finally {
    await relay.close();
    await front.close();
    await registry.close();
  }
}

function nameOf({ hop, bodies, http }: Variant): string {
  return `${hop}, bodies ${bodies}, HTTP/${http}`;
}

const rows = variants.flatMap((variant, row) =>
  (Object.keys(ways) as Way[]).map((way, column) => ({
    name: `${nameOf(variant)}, ${way}`,
    variant,
    way,
    turn: row + column,
  })),
);

/** Round by round, so that all cells are tried as often as each other. */
const tries = Array.from({ length: times }, (_, time) =>
  rows.map((row) => ({ ...row, time, title: times === 1 ? row.name : `${row.name}, round ${time + 1}` })),
).flat();

const components = Object.values(hopPrograms).flatMap(({ components }) => components);

describeWithComponents(
  [...components, 'docker-registry', 'distribution3', 'ggcr-registry', 'openssl'],
  'healthy hops are called healthy',
  () => {
    beforeAll(() => {
      directory = temporaryDirectory('healthy');
      tls = makeCertificates(directory.path, 'healthy');
    });
    afterAll(() => directory.remove());

    describe.concurrent('side by side', () => {
      test.for(tries)('$title', { timeout: 240_000 }, async ({ name, variant, way, turn, time }) => {
        // Each cell meets each registry in turn.
        const backend = backendNames[(turn + time) % backendNames.length]!;
        const alarm = await alarmOf(variant, way, backend);
        const { tried, healthy } = made.get(name) ?? { tried: 0, healthy: 0 };
        made.set(name, { tried: tried + 1, healthy: healthy + (alarm === undefined ? 1 : 0) });
        if (times > 1) writeFileSync(table, tableOf());
        // Whoever ends it before its time sees what was wrong, too.
        if (times > 1 && alarm !== undefined) process.stderr.write(`${name}, before ${backend}: ${alarm}\n`);
        expect(alarm === undefined ? '' : `before ${backend}: ${alarm}`).toBe('');
      });
    });
  },
);

function tableOf(): string {
  const lines = variants.map((variant) => {
    const cells = (Object.keys(ways) as Way[]).map((way) => {
      const cell = made.get(`${nameOf(variant)}, ${way}`);
      return cell === undefined ? 'not run' : `${cell.healthy} of ${cell.tried}`;
    });
    return `| ${variant.hop} | ${variant.bodies} | ${variant.http} | ${cells.join(' | ')} |`;
  });
  return `# Healthy hops

Each cell: how often \`push\` and \`diagnose --quick\`, one after the other, called a healthy path healthy. The hops are real programs in the
configuration that their documentation, or that of distribution, gives for a registry (\`test/real/hops/\`); behind them stand in turn
docker-registry 2.8, distribution 3, the registry of go-containerregistry, and a registry that redirects reads to a store as with S3.
HTTP/1.1 is pushed as docker, HTTP/2 as crane. 40 ms is the round trip of a relay in front of the hop. \`npm run healthy\` makes this table
anew, ten times a cell, round by round. squid has a larger \`client_request_buffer_max_size\` than by default: with 512 KB, Debian's 5.7 cut 46 of 240
bodies of 8 MB that curl sent on a busy host, six at a time; with 64 MB it cut none.

This one: made on ${availableParallelism()} processors.

| hop | bodies | HTTP | LAN | 40 ms |
|---|---|---|---|---|
${lines.join('\n')}
`;
}
