import type { PathKind } from '../network/path.ts';
import { type EdgeIdentity, startEdge } from '../demo/edge.ts';
import type { Fault } from '../demo/faults/fault.ts';
import { startRegistry } from '../demo/registry.ts';

const kib = 1024;

/** The registry's only user; the registry is reachable from this host only and forgets all when it ends. */
export const demoUser = { name: 'demo', password: 'demo' };

/** A path of the demo: what stands in the way, and what comes of it. */
interface DemoPath {
  readonly name: string;
  readonly kind: PathKind;
  /** Absent: nothing stands between client and registry. */
  readonly edge?: { readonly identity: EdgeIdentity; readonly faults: readonly Fault[] };
  readonly happens: string;
  readonly expected: string;
}

/** Limits as they are met in the field, scaled down like the sizes that meet them. */
const paths: readonly DemoPath[] = [
  {
    name: 'direct',
    kind: 'direct',
    happens: 'nothing in the way',
    expected: 'all succeed',
  },
  {
    name: 'ingress',
    kind: 'ingress',
    edge: {
      identity: { style: 'nginx' },
      faults: [{ kind: 'body-limit', limitBytes: 1024 * kib, ending: 'linger' }],
    },
    happens: 'nginx with client_max_body_size 1m',
    expected: 'large fails: body_too_large, answered by nginx',
  },
  {
    name: 'edge',
    kind: 'edge',
    edge: {
      identity: { style: 'cloudflare' },
      faults: [{ kind: 'body-limit', limitBytes: 256 * kib, ending: 'keep-alive' }],
    },
    happens: 'a CDN that takes no body above 256 KiB',
    expected: 'medium and large fail: body_too_large, answered by cloudflare',
  },
  {
    name: 'tunnel',
    kind: 'edge',
    edge: { identity: { style: 'cloudflare' }, faults: [{ kind: 'drop-undeclared-body' }] },
    happens: 'a tunnel that drops bodies without a length',
    expected: 'docker fails: body_dropped; docker-containerd succeeds',
  },
];

/** The demo's registry and the paths to it, running on loopback addresses of this process. */
export interface DemoLab {
  readonly paths: readonly (DemoPath & { readonly url: string })[];
  close(): Promise<void>;
}

export async function startDemoLab(): Promise<DemoLab> {
  const registry = await startRegistry({ auth: { kind: 'basic', users: [demoUser] }, bytes: 'discard' });
  const started = await Promise.all(
    paths.map(async (path) => {
      if (path.edge === undefined) {
        return { ...path, url: registry.url, close: async () => {} };
      }
      const edge = await startEdge({ upstream: registry.url, ...path.edge });
      return { ...path, url: edge.url, close: edge.close };
    }),
  );
  return {
    paths: started,
    async close() {
      await Promise.all(started.map(({ close }) => close()));
      await registry.close();
    },
  };
}
