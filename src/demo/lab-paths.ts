import type { PathKind } from '../network/path.ts';
import type { Fault } from './faults/fault.ts';
import type { PresetName, PresetScale } from './presets.ts';
import { presetOf } from './presets.ts';
import type { EdgeIdentity } from './proxy-styles.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Sizes the lab's expectations speak of. */
export const labSizes = { small: 64 * KiB, medium: 768 * KiB, large: 2 * MiB } as const;

/** A path of the lab before it runs. */
export interface PathPlan {
  readonly name: string;
  readonly kind: PathKind;
  readonly tls: boolean;
  readonly identity: EdgeIdentity;
  readonly faults: readonly Fault[];
  /** Faults of a second hop between the edge and the registry. */
  readonly behind?: readonly Fault[];
  /** What to see on it, in words. */
  readonly expect: string;
}

/** A link of 1 MiB/s, on which large bodies take seconds. */
const slowLink: Fault = { kind: 'throttle', bytesPerSecond: MiB, direction: 'request' };

/** The paths of the report this product grew from, then one for each further preset. */
export function pathPlans(scale: PresetScale): readonly PathPlan[] {
  return [
    ...reportPaths(scale),
    {
      ...preset('cloudflare-free', scale, 'edge'),
      expect: 'small and medium pass; large fails with 413 from cloudflare, whatever the client',
    },
    {
      ...preset('cloudflare-enterprise', scale, 'edge'),
      expect: 'the same edge with a higher limit: everything here passes; above 5 MB 413 from cloudflare',
    },
    {
      ...preset('cloudflared-quic', scale, 'edge'),
      expect:
        'streaming clients (docker) fail at every size: the registry sees an empty body; clients with Content-Length pass up to 1 MB',
    },
    {
      ...preset('ingress-nginx-default', scale, 'ingress'),
      expect: 'small passes; medium and large fail with 413 from nginx',
    },
    {
      ...withFaults(preset('traefik-3', scale, 'ingress'), [slowLink]),
      expect: 'a slow link: small and medium pass; large is cut by traefik when its time is over, not for its size',
    },
    {
      ...preset('envoy', scale, 'ingress'),
      expect: 'the body passes, but the registry takes too long to commit a large blob: 504 from envoy',
    },
    {
      ...preset('alb', scale, 'loadbalancer'),
      behind: [slowLink],
      expect: 'a slow registry behind: small and medium pass; large waits too long for an answer, 504 from alb',
    },
  ];
}

function reportPaths(scale: PresetScale): readonly PathPlan[] {
  const plain = { identity: { style: 'plain', forwardsScheme: false }, faults: [], tls: false } as const;
  const cloudflare = preset('cloudflare-free', scale, 'edge');
  return [
    {
      ...withFaults(cloudflare, [{ kind: 'drop-undeclared-body', sparesBytes: 256 * KiB }]),
      name: 'cloudflare',
      expect:
        'small passes; a larger body that is streamed (docker) does not reach the registry, which acknowledges nothing; with a Content-Length medium passes and large fails with 413 from cloudflare',
    },
    { ...plain, name: 'internal', kind: 'internal', expect: 'everything passes, always' },
    {
      ...preset('haproxy', scale, 'loadbalancer'),
      name: 'loadbalancer',
      expect:
        'everything passes, but from time to time no server is up behind it: 503 from haproxy, and it heals by itself',
    },
    {
      name: 'bypass',
      kind: 'ingress',
      tls: true,
      identity: { style: 'nginx' },
      faults: [{ kind: 'buffer-request' }],
      expect: 'TLS and an nginx without a body limit: everything passes',
    },
    {
      ...plain,
      name: 'internal-tls',
      kind: 'internal',
      tls: true,
      identity: { style: 'plain' },
      expect: 'TLS with a certificate of the demo’s own CA: everything passes',
    },
  ];
}

function preset(name: PresetName, scale: PresetScale, kind: PathKind): PathPlan {
  const { identity, faults, says } = presetOf(name, scale);
  return { name, kind, tls: false, identity, faults, expect: says };
}

function withFaults(plan: PathPlan, more: readonly Fault[]): PathPlan {
  return { ...plan, faults: [...plan.faults, ...more] };
}
