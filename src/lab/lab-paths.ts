import type { PathKind } from '../network/path.ts';
import type { Fault } from './faults/fault.ts';
import { type PresetName, type PresetScale, presetOf } from './presets.ts';
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
  /** What stands in the way, in a few words. */
  readonly stands: string;
  /** What comes of the pushes of docker, docker-containerd and chunked, in words; what it does not name succeeds. */
  readonly expect: string;
}

/** A link on which a large body takes longer than the scaled limits of time, and a medium one half of that. */
const slowLink: Fault = { kind: 'throttle', bytesPerSecond: 1.25 * MiB, direction: 'request' };

/** The paths of the report this product grew from, then one for each further preset. */
export function pathPlans(scale: PresetScale): readonly PathPlan[] {
  return [
    ...reportPaths(scale),
    {
      ...preset('cloudflare-free', scale, 'edge'),
      expect: 'large: Cloudflare refuses its size (body_too_large); chunked passes',
    },
    {
      ...preset('cloudflare-enterprise', scale, 'edge'),
      expect: 'all succeed: the limit (scaled to 5 MB) is above all sizes of the demo',
    },
    {
      ...preset('cloudflared-quic', scale, 'edge'),
      expect:
        'docker: the tunnel drops every body (body_dropped); docker-containerd: Cloudflare refuses the size of large (body_too_large); chunked passes',
    },
    {
      ...preset('ingress-nginx-default', scale, 'ingress'),
      expect: 'medium and large: nginx refuses their size (body_too_large); chunked passes',
    },
    {
      ...withFaults(preset('traefik-3', scale, 'ingress'), [slowLink]),
      stands: 'Traefik 3 on a slow link',
      expect:
        'large: Traefik ends it when its time is over, not for its size (response_timeout or request_timeout, by turns); chunked passes',
    },
    {
      ...preset('envoy', scale, 'ingress'),
      expect:
        'large: Envoy waits too briefly for the answer (response_timeout): the bytes pass, the registry takes long to commit them',
    },
    {
      ...preset('alb', scale, 'loadbalancer'),
      behind: [slowLink],
      stands: 'AWS ALB, a slow registry behind',
      expect:
        'large: the ALB has all bytes long before the slow registry, and waits too briefly (response_timeout); chunked passes',
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
      stands: 'Cloudflare and its tunnel',
      expect:
        'docker: the tunnel drops bodies from medium on (body_dropped); docker-containerd: Cloudflare refuses the size of large (body_too_large); chunked passes',
    },
    { ...plain, name: 'internal', kind: 'internal', stands: 'nothing', expect: 'all succeed, always' },
    {
      ...preset('haproxy', scale, 'loadbalancer'),
      name: 'loadbalancer',
      stands: 'HAProxy, its server down at times',
      expect: 'all succeed, but at times no server is up behind it (origin_unreachable)',
    },
    {
      name: 'bypass',
      kind: 'ingress',
      tls: true,
      identity: { style: 'nginx' },
      faults: [{ kind: 'buffer-request' }],
      stands: 'nginx with TLS',
      expect: 'all succeed: an nginx without a body limit',
    },
    {
      ...plain,
      name: 'internal-tls',
      kind: 'internal',
      tls: true,
      identity: { style: 'plain' },
      stands: 'TLS, nothing else',
      expect: 'all succeed: TLS with the certificate of a private CA',
    },
  ];
}

function preset(name: PresetName, scale: PresetScale, kind: PathKind): PathPlan {
  const { identity, faults, title } = presetOf(name, scale);
  return { name, kind, tls: false, identity, faults, stands: title, expect: '' };
}

function withFaults(plan: PathPlan, more: readonly Fault[]): PathPlan {
  return { ...plan, faults: [...plan.faults, ...more] };
}
