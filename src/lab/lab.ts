import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PathKind } from '../network/path.ts';
import { createAuthority } from './certificates.ts';
import { type DemoEdge, startEdge } from './edge.ts';
import type { Fault } from './faults/fault.ts';
import { type PathPlan, labSizes, pathPlans } from './lab-paths.ts';
import type { TlsIdentity } from './loopback-server.ts';
import { basicAuth } from './oci/auth.ts';
import { gitea } from './oci/quirks.ts';
import { type PresetName, type PresetScale, demoScale, presetOf } from './presets.ts';
import { startRegistry } from './registry.ts';

interface LabOptions {
  /** Default: `demoScale`. */
  readonly scale?: PresetScale;
  /** What stands in for the registry; tests have another one. */
  readonly startRegistry?: typeof startRegistry;
  /** When the load balancer loses its server; default 20 s in 60 s. */
  readonly outage?: OutagePlan;
}

/** Down for `downMs` in each `everyMs`, first after `firstAfterMs` (default: at the end of the first `everyMs`). */
export interface OutagePlan {
  readonly everyMs: number;
  readonly downMs: number;
  readonly firstAfterMs?: number;
}

/** A path of the running lab. */
interface LabPath {
  readonly name: string;
  /** `http://127.0.0.1:PORT` or `https://…`. */
  readonly origin: string;
  readonly kind: PathKind;
  /** PEM file of the demo's CA, on paths with TLS. */
  readonly caFile?: string;
  /** What stands in the way, and what comes of it, in words. */
  readonly stands: string;
  readonly expect: string;
}

/** Secrets are blanked wherever they appear: a word would be blanked in URLs and names that only happen to hold it. */
const demoPassword = 'q7Zt2kXv9Lw4';

/** A registry and all its paths, on loopback. It knows nothing of configuration: that is made from what stands here. */
export interface DemoLab {
  readonly registry: {
    readonly name: 'gitea';
    readonly repository: string;
    readonly username: string;
    readonly password: string;
  };
  readonly paths: readonly LabPath[];
  /** Bytes; what `expect` means by small, medium and large. */
  readonly sizes: typeof labSizes;
  /** The edge in front of a path. Throws for an unknown name. */
  readonly edge: (path: string) => DemoEdge;
  /** Gives the path the faults and the face of a preset. Throws for an unknown path. */
  readonly break: (path: string, preset: PresetName) => void;
  /** Takes all faults from the path, its second hop's throttle aside. Throws for an unknown path. */
  readonly heal: (path: string) => void;
  /** Makes the path as it was at the start. Throws for an unknown path. */
  readonly restore: (path: string) => void;
  /** Stops everything and removes the CA file. */
  readonly close: () => Promise<void>;
}

const MiB = 1024 * 1024;

/** Starts the registry, its edges and the timer of the outage. Rejects when the CA file cannot be written. */
export async function startLab(options: LabOptions = {}): Promise<DemoLab> {
  const scale = options.scale ?? demoScale;
  const authority = createAuthority('blobprobe demo CA');
  const folder = await mkdtemp(join(tmpdir(), 'blobprobe-lab-'));
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, authority.cert);
  const identity = authority.issue({ names: ['localhost', '127.0.0.1', '::1'] });
  const server = await (options.startRegistry ?? startRegistry)({
    quirks: gitea,
    auth: basicAuth([{ name: 'probe', password: demoPassword }]),
    settings: { commitBytesPerSecond: 4 * MiB },
    blobLifetimeMs: 60_000,
    uploadLifetimeMs: 60_000,
  });
  const running = new Map<string, RunningPath>();
  for (const plan of pathPlans(scale)) running.set(plan.name, await startPath(plan, server.url, identity));
  const outage = startOutage(find(running, 'loadbalancer'), options.outage ?? { everyMs: 60_000, downMs: 20_000 });
  return {
    registry: { name: 'gitea', repository: 'demo/blobprobe', username: 'probe', password: demoPassword },
    paths: [...running.values()].map(({ plan, edge }) => labPath(plan, edge, caFile)),
    sizes: labSizes,
    edge: (path) => find(running, path).edge,
    ...controls(running, scale),
    async close() {
      clearInterval(outage);
      for (const { edge, inner } of running.values()) await Promise.all([edge.close(), inner?.close()]);
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface RunningPath {
  readonly plan: PathPlan;
  readonly edge: DemoEdge;
  readonly inner: DemoEdge | undefined;
  /** Faults without the outage, which comes on top. */
  faults: readonly Fault[];
  down: boolean;
  /** Healed paths have no outage either. */
  healed: boolean;
}

async function startPath(plan: PathPlan, registryUrl: string, tls: TlsIdentity): Promise<RunningPath> {
  const { behind, identity, faults } = plan;
  const inner = behind && (await startEdge({ upstream: registryUrl, identity: { style: 'plain' }, faults: behind }));
  const upstream = inner?.url ?? registryUrl;
  const edge = await startEdge({ upstream, identity, faults, tls: plan.tls ? tls : undefined });
  return { plan, edge, inner, faults, down: false, healed: false };
}

function labPath(plan: PathPlan, edge: DemoEdge, caFile: string): LabPath {
  const { name, kind, stands, expect } = plan;
  return { name, kind, stands, expect, origin: edge.url, caFile: plan.tls ? caFile : undefined };
}

function controls(
  running: ReadonlyMap<string, RunningPath>,
  scale: PresetScale,
): Pick<DemoLab, 'break' | 'heal' | 'restore'> {
  function change(path: string, faults: readonly Fault[], preset?: PresetName): void {
    const one = find(running, path);
    one.edge.setIdentity(preset === undefined ? one.plan.identity : presetOf(preset, scale).identity);
    one.faults = faults;
    one.healed = false;
    applyFaults(one);
  }
  return {
    break: (path, preset) => change(path, presetOf(preset, scale).faults, preset),
    heal(path) {
      change(path, []);
      find(running, path).healed = true;
      applyFaults(find(running, path));
    },
    restore: (path) => change(path, find(running, path).plan.faults),
  };
}

function applyFaults(path: RunningPath): void {
  const outage: Fault = { kind: 'answer', status: 503 };
  path.edge.setFaults(path.down && !path.healed ? [outage, ...path.faults] : path.faults);
}

/** Takes the path down and up again, for as long as the lab runs. */
function startOutage(path: RunningPath, plan: OutagePlan): NodeJS.Timeout {
  const { everyMs, downMs, firstAfterMs = everyMs - downMs } = plan;
  const firstAtMs = performance.now() + firstAfterMs;
  const timer = setInterval(
    () => {
      const sinceMs = performance.now() - firstAtMs;
      const down = sinceMs >= 0 && sinceMs % everyMs < downMs;
      if (down === path.down) return;
      path.down = down;
      applyFaults(path);
    },
    Math.min(250, downMs / 4),
  );
  return timer.unref();
}

function find(running: ReadonlyMap<string, RunningPath>, name: string): RunningPath {
  const path = running.get(name);
  if (!path) throw new Error(`no path "${name}" in the demo; there are ${[...running.keys()].join(', ')}`);
  return path;
}
