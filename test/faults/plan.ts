import { type ClientName, clientRows } from '../../src/probe/clients/client-profiles.ts';
import { quirksNames, type QuirksName } from '../support/lab/quirks.ts';
import type { Reaction } from '../support/lab/intercept.ts';
import type { Fault } from '../support/lab/faults/fault.ts';
import { randomFaults } from './edge-faults.ts';
import { createRandom, type Random } from './random.ts';

/** The paths of the world, each with something of its own that can fail. */
export const pathNames = ['direct', 'ingress', 'cdn', 'tls', 'named', 'relayed'] as const;
export type PathName = (typeof pathNames)[number];

export const relayModes = ['pass', 'swallow', 'freeze', 'reset', 'half-close'] as const;
export type RelayMode = (typeof relayModes)[number];
export const dnsModes = ['answer', 'silent', 'refused', 'nxdomain', 'garbage', 'wrong-address'] as const;
export type DnsMode = (typeof dnsModes)[number];
export const diskModes = ['fine', 'full', 'torn', 'broken'] as const;
export type DiskMode = (typeof diskModes)[number];
export const certificateNames = ['valid', 'renewed', 'untrusted', 'expired', 'wrong-name'] as const;
export type CertificateName = (typeof certificateNames)[number];
export const configVariants = [
  'base',
  'extra-check',
  'more-transfers',
  'slow-line',
  'other-timeouts',
  'not-yaml',
  'unknown-key',
  'too-little-budget',
] as const;
export type ConfigVariant = (typeof configVariants)[number];

/** What happens to the world around the daemon. */
export type WorldEvent =
  | { readonly kind: 'edge'; readonly path: PathName; readonly faults: readonly Fault[] }
  | { readonly kind: 'drop-connections'; readonly where: PathName | 'registry' }
  | { readonly kind: 'relay'; readonly mode: RelayMode }
  | { readonly kind: 'dns'; readonly mode: DnsMode }
  | { readonly kind: 'certificate'; readonly certificate: CertificateName }
  | { readonly kind: 'registry-restart' }
  | { readonly kind: 'registry'; readonly everyNth: number; readonly reaction: Reaction; readonly forMs: number }
  | { readonly kind: 'registry-settings'; readonly commitDelayMs: number; readonly quotaBytes?: number };

/** What happens to its process, or is asked of it. */
export type DaemonEvent =
  | { readonly kind: 'clock'; readonly stepMs: number }
  | { readonly kind: 'disk'; readonly mode: DiskMode }
  | { readonly kind: 'reload'; readonly variant: ConfigVariant; readonly times: number }
  | { readonly kind: 'on-demand'; readonly path: PathName; readonly size: string }
  | { readonly kind: 'pause'; readonly forMs: number }
  | { readonly kind: 'busy-loop'; readonly forMs: number }
  | { readonly kind: 'scrape' };

export type FaultEvent = WorldEvent | DaemonEvent;

const daemonKinds: ReadonlySet<FaultEvent['kind']> = new Set<DaemonEvent['kind']>([
  'clock',
  'disk',
  'reload',
  'on-demand',
  'pause',
  'busy-loop',
  'scrape',
]);

export function isDaemonEvent(event: FaultEvent): event is DaemonEvent {
  return daemonKinds.has(event.kind);
}

/** All that a seed decides beforehand. */
export interface Plan {
  readonly seed: number;
  readonly quirks: QuirksName;
  readonly auth: 'none' | 'basic' | 'bearer';
  readonly clients: readonly [ClientName, ClientName];
  readonly transfers: number;
  /** In order of time; milliseconds after the start of the schedule. */
  readonly events: readonly { readonly atMs: number; readonly event: FaultEvent }[];
  readonly chaosMs: number;
}

/** How often each kind of event comes, against the others. */
const weights: Readonly<Record<FaultEvent['kind'], number>> = {
  edge: 12,
  'drop-connections': 2,
  relay: 3,
  dns: 3,
  certificate: 2,
  'registry-restart': 1,
  registry: 2,
  'registry-settings': 1,
  clock: 1.5,
  disk: 2,
  reload: 2.5,
  'on-demand': 2,
  pause: 0.7,
  'busy-loop': 0.7,
  scrape: 2,
};

const rowNames = clientRows.map(({ name }) => name);

/** The plan of a seed. Equal seeds give equal plans. */
export function planOf(seed: number, chaosMs = 5_000): Plan {
  const random = createRandom(`plan ${seed}`);
  const first = random.pick(rowNames);
  const count = random.int(25, 45);
  const times = Array.from({ length: count }, () => random.int(0, chaosMs)).sort((a, b) => a - b);
  return {
    seed,
    quirks: random.pick(quirksNames),
    auth: random.pick(['none', 'basic', 'bearer'] as const),
    clients: [first, random.pick(rowNames.filter((name) => name !== first))],
    transfers: random.int(1, 4),
    events: times.map((atMs) => ({ atMs, event: randomEvent(random) })),
    chaosMs,
  };
}

function randomEvent(random: Random): FaultEvent {
  const kind = weighted(random);
  switch (kind) {
    case 'edge':
      return { kind, path: random.pick(pathNames), faults: random.chance(0.2) ? [] : randomFaults(random) };
    case 'drop-connections':
      return { kind, where: random.pick([...pathNames, 'registry'] as const) };
    case 'relay':
      return { kind, mode: random.pick(relayModes) };
    case 'dns':
      return { kind, mode: random.pick(dnsModes) };
    case 'certificate':
      return { kind, certificate: random.pick(certificateNames) };
    case 'registry':
      return { kind, everyNth: random.int(1, 4), reaction: randomReaction(random), forMs: random.int(100, 600) };
    case 'registry-settings':
      return {
        kind,
        commitDelayMs: random.pick([0, 0, 50, 400]),
        ...(random.chance(0.3) ? { quotaBytes: random.size(1_000, 3_000_000) } : {}),
      };
    case 'clock':
      return { kind, stepMs: random.pick([-1, 1]) * random.size(1_000, 30 * 86_400_000) };
    case 'disk':
      return { kind, mode: random.pick(diskModes) };
    case 'reload':
      return { kind, variant: random.pick(configVariants), times: random.pick([1, 1, 1, 2, 20]) };
    case 'on-demand':
      return { kind, path: random.pick(pathNames), size: `${random.size(1, 1_000_000)}B` };
    case 'pause':
      return { kind, forMs: random.int(10, 700) };
    case 'busy-loop':
      return { kind, forMs: random.int(50, 400) };
    case 'registry-restart':
    case 'scrape':
      return { kind };
    default:
      return kind satisfies never;
  }
}

function weighted(random: Random): FaultEvent['kind'] {
  const rows = Object.entries(weights) as [FaultEvent['kind'], number][];
  let left = random.next() * rows.reduce((sum, [, weight]) => sum + weight, 0);
  return rows.find(([, weight]) => (left -= weight) < 0)?.[0] ?? 'scrape';
}

function randomReaction(random: Random): Reaction {
  const readBytes = random.size(1, 500_000) - 1;
  switch (random.pick(['reset', 'close', 'stall', 'answer', 'odd-answer', 'pass'] as const)) {
    case 'reset':
      return { kind: 'reset', readBytes };
    case 'close':
      return { kind: 'close', readBytes };
    case 'stall':
      return { kind: 'stall', readBytes, holdMs: random.int(200, 1_200) };
    case 'answer':
      // No 404: a registry that denies what it has cannot be found out, and what it denies is forgotten.
      return { kind: 'answer', status: random.pick([400, 401, 403, 416, 429, 500, 502, 503]), readBytes };
    case 'odd-answer':
      return { kind: 'answer', status: 202, body: '', headers: { location: random.pick(oddLocations) } };
    case 'pass':
      return { kind: 'pass', delayMs: random.int(10, 500) };
    default:
      throw new Error('no such reaction');
  }
}

const oddLocations = [
  '',
  '/',
  'http://[',
  '//169.254.169.254/latest',
  'http://127.0.0.1:1/x',
  '/v2/a/blobs/uploads/../..',
];
