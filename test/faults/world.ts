import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateAuthority } from '../../src/lab/certificates.ts';
import type { Certificates } from '../support/certificates.ts';
import { type DemoEdge, startEdge } from '../support/lab/edge.ts';
import type { TlsIdentity } from '../../src/lab/loopback-server.ts';
import type { ProxyStyle } from '../../src/lab/proxy-styles.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import { type DnsServer, startDnsServer } from './dns-server.ts';
import {
  type CertificateName,
  type ConfigVariant,
  type WorldEvent,
  type PathName,
  pathNames,
  type Plan,
} from './plan.ts';
import { type Relay, startRelay } from './relay.ts';

/** A registry behind six paths, and everything about them that can break. */
export interface World {
  readonly folder: string;
  readonly ledgerFile: string;
  readonly registry: DemoRegistry;
  readonly edges: ReadonlyMap<PathName, DemoEdge>;
  readonly relay: Relay;
  readonly dns: DnsServer;
  /** Text of a configuration file. Variants that are wrong are wrong in different ways. */
  configText(variant: ConfigVariant): string;
  /** Carries out what happens outside the daemon. */
  apply(event: WorldEvent): void;
  /** All paths as they were at the start; faults under way end by themselves within a second or two. */
  heal(): void;
  dropConnections(): void;
  close(): Promise<void>;
}

export const registryName = 'lab';
export const repository = 'probe/blobs';
const user = { name: 'probe', password: 'seldom-in-text' };
export const checkTimeoutMs = 700;
export const checkEveryMs = 3_000;

/** Certificates are costly to make: one set serves all worlds of a process. */
export interface WorldCertificates extends Certificates {
  readonly renewed: TlsIdentity;
}
export function worldCertificates(made: Certificates): WorldCertificates {
  return { ...made, renewed: renewedBy(made.ca) };
}
function renewedBy(ca: CertificateAuthority): TlsIdentity {
  return ca.issue({ names: ['localhost', '127.0.0.1', '::1'] });
}

const styles: Readonly<Record<PathName, ProxyStyle>> = {
  // Each shows by its pages that it is no registry: a 404 of a hop that hides itself is taken for the registry's.
  direct: 'caddy',
  ingress: 'nginx',
  cdn: 'cloudflare',
  tls: 'traefik',
  named: 'envoy',
  relayed: 'haproxy',
};

export async function startWorld(plan: Plan, certificates: WorldCertificates): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'blobprobe-faults-'));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, certificates.ca.cert);
  const registry = await startRegistry({
    quirks: plan.quirks,
    auth: plan.auth === 'none' ? { kind: 'none' } : { kind: plan.auth, users: [user] },
    logCapacity: 100_000,
  });
  const edges = new Map<PathName, DemoEdge>();
  for (const name of pathNames) {
    const tls = name === 'tls' ? { tls: certificates.valid } : {};
    const options = { upstream: registry.url, identity: { style: styles[name] }, lingerMs: 300, logCapacity: 100_000 };
    edges.set(name, await startEdge({ ...options, ...tls }));
  }
  const relay = await startRelay(portOf(edges, 'relayed'));
  const dns = await startDnsServer();
  const ledgerFile = join(folder, 'ledger.jsonl');
  const paths = {
    direct: { url: urlOf(edges, 'direct') },
    ingress: { url: urlOf(edges, 'ingress'), kind: 'ingress' },
    cdn: { url: urlOf(edges, 'cdn'), kind: 'edge' },
    tls: { url: urlOf(edges, 'tls'), tls: { caFile } },
    named: { url: `http://registry.test:${portOf(edges, 'named')}`, dns: [`127.0.0.1:${dns.port}`], family: 'ipv4' },
    relayed: { url: `http://127.0.0.1:${relay.port}`, kind: 'loadbalancer' },
  };
  return {
    folder,
    ledgerFile,
    registry,
    edges,
    relay,
    dns,
    configText: (variant) => configText(plan, paths, ledgerFile, variant),
    apply: (event) => apply({ registry, edges, relay, dns }, certificates, event),
    heal() {
      for (const edge of edges.values()) edge.setFaults([]);
      edges.get('tls')?.setTls(certificates.valid);
      relay.setMode('pass');
      dns.setMode('answer');
      registry.intercept = undefined;
      registry.change({ commitDelayMs: 0, quotaBytes: undefined });
    },
    dropConnections() {
      for (const one of [...edges.values(), registry]) one.dropConnections();
      relay.setMode('reset');
      relay.setMode('pass');
    },
    async close() {
      for (const one of [...edges.values(), relay, dns, registry]) await one.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Hops = Pick<World, 'registry' | 'edges' | 'relay' | 'dns'>;

function apply({ registry, edges, relay, dns }: Hops, certificates: WorldCertificates, event: WorldEvent): void {
  switch (event.kind) {
    case 'edge':
      edges.get(event.path)?.setFaults(event.faults);
      return;
    case 'drop-connections':
      (event.where === 'registry' ? registry : edges.get(event.where))?.dropConnections();
      return;
    case 'relay':
      relay.setMode(event.mode);
      return;
    case 'dns':
      dns.setMode(event.mode);
      return;
    case 'certificate':
      edges.get('tls')?.setTls(identityOf(certificates, event.certificate));
      return;
    case 'registry-restart':
      registry.restart();
      return;
    case 'registry-settings':
      registry.change({ commitDelayMs: event.commitDelayMs, quotaBytes: event.quotaBytes });
      return;
    case 'registry': {
      let seen = 0;
      const endsAtMs = performance.now() + event.forMs;
      // A registry that says it deleted what it keeps cannot be found out either: odd answers are for uploads.
      const uploadsOnly = event.reaction.kind === 'answer' && event.reaction.status === 202;
      registry.intercept = ({ method }) => {
        seen += 1;
        const hits = performance.now() < endsAtMs && seen % event.everyNth === 0;
        return hits && (!uploadsOnly || method.startsWith('P')) ? event.reaction : undefined;
      };
      return;
    }
    default:
      event satisfies never;
  }
}

function identityOf(certificates: WorldCertificates, name: CertificateName): TlsIdentity {
  return name === 'wrong-name' ? certificates.wrongName : certificates[name];
}

function configText(plan: Plan, paths: object, ledgerFile: string, variant: ConfigVariant): string {
  if (variant === 'not-yaml') return 'registries: [';
  const timeout = `${variant === 'other-timeouts' ? checkTimeoutMs / 2 : checkTimeoutMs}ms`;
  const common = { every: `${checkEveryMs}ms`, timeout };
  const [one, other] = plan.clients;
  return JSON.stringify({
    registries: {
      [registryName]: {
        repository,
        paths,
        ...(plan.auth === 'none' ? {} : { credentials: { username: user.name, password: user.password } }),
      },
    },
    checks: {
      small: { ...common, size: '20KiB', clients: [one] },
      large: { ...common, size: '1MiB', clients: plan.clients },
      image: { ...common, layers: ['200KiB', '20KiB', '1KiB'], clients: [other], pull: true },
      ...(variant === 'extra-check'
        ? { extra: { ...common, every: '1s', size: '1KiB', clients: [one], retries: 2 } }
        : {}),
      ...(variant === 'unknown-key' ? { odd: { ...common, clients: [one], sise: '1KiB' } } : {}),
    },
    retryWaitScale: 0.01,
    ledgerFile,
    budget: {
      transfers: variant === 'more-transfers' ? plan.transfers + 3 : plan.transfers,
      bytesPerDay: variant === 'too-little-budget' ? '1KiB' : '10TiB',
      ...(variant === 'slow-line' ? { bandwidth: '80Mbit/s' } : {}),
    },
  });
}

function urlOf(edges: ReadonlyMap<PathName, DemoEdge>, name: PathName): string {
  return edges.get(name)?.url ?? '';
}

function portOf(edges: ReadonlyMap<PathName, DemoEdge>, name: PathName): number {
  return edges.get(name)?.port ?? 0;
}
