import { formatSize } from '../config/size.ts';
import type { Config } from '../config/config.ts';
import type { ConfigSources } from '../config/sources.ts';
import { parseConfig } from '../config/load.ts';
import type { DemoLab } from '../lab/lab.ts';

export const demoClients = ['docker', 'docker-containerd', 'chunked'] as const;

/** Each check is spread over its interval, so half a minute is what the last of them may take to appear. */
export const demoIntervals = { small: '15s', medium: '30s', large: '30s', image: '30s' } as const;

/** Written as a file would be, so that `/config` shows what such a file looks like. JSON is YAML. */
export function demoConfig(lab: DemoLab, sources: ConfigSources): Config {
  const { name, repository, username, password } = lab.registry;
  const [docker, containerd] = demoClients;
  const text = JSON.stringify({
    registries: {
      [name]: {
        repository,
        credentials: { username, password },
        paths: Object.fromEntries(lab.paths.map((path) => [path.name, pathConfig(path)])),
      },
    },
    checks: {
      small: { size: formatSize(lab.sizes.small), every: demoIntervals.small, clients: [docker, containerd] },
      medium: { size: formatSize(lab.sizes.medium), every: demoIntervals.medium, clients: [docker, containerd] },
      large: {
        size: formatSize(lab.sizes.large),
        every: demoIntervals.large,
        clients: demoClients,
        chunkSize: '256KiB',
      },
      image: {
        layers: ['192KiB', '64KiB', '1KiB'],
        every: demoIntervals.image,
        clients: [docker],
        paths: ['cloudflare', 'internal', 'bypass'],
        pull: true,
      },
    },
    limits: {
      every: '10m',
      upTo: '4MiB',
      resolution: '64KiB',
      paths: ['internal', 'cloudflare-free', 'ingress-nginx-default', 'traefik-3'],
    },
    // The docker client waits 50 s in all before it gives up; a demonstration has not that long.
    retryWaitScale: 0.005,
    // On slow paths runs wait more than they work, so a few at a time do not disturb each other much.
    budget: { transfers: 4, bytesPerDay: '1TiB' },
  });
  return parseConfig(text, 'demo', sources);
}

function pathConfig({ origin, kind, caFile }: DemoLab['paths'][number]): object {
  return { url: origin, kind, tls: caFile && { caFile } };
}
