import { type Case, pathsOf, type Stage } from './case.ts';
import { folderWith } from './routes.ts';
import { startResolver } from './resolver.ts';

interface Twin {
  readonly what: string;
  readonly source: string;
  readonly more: (stage: Stage) => Promise<Readonly<Record<string, string>>>;
  readonly registry?: Parameters<Stage['registry']>[0];
}

/** Awkward and fine: what looks like faults that are cases here, and lets every push through. nginx before a registry. */
const twins: readonly Twin[] = [
  {
    what: 'each connection serves one request',
    source: 'nginx.org keepalive_requests',
    more: () => Promise.resolve({ http: 'keepalive_requests 1;' }),
  },
  {
    what: 'pages in the place of 401 and 404',
    source: 'nginx.org proxy_intercept_errors',
    more: async (stage) => ({
      server: `proxy_intercept_errors on; error_page 401 404 /e.html; location = /e.html { internal; root ${await folderWith(stage, { 'e.html': '<html>error</html>' })}; }`,
    }),
  },
  {
    what: 'limits that are not reached',
    source: 'nginx.org limit_req, limit_conn',
    more: () =>
      Promise.resolve({
        http: 'limit_req_zone $binary_remote_addr zone=one:1m rate=200r/s; limit_conn_zone $binary_remote_addr zone=two:1m;',
        location: 'limit_req zone=one burst=50; limit_conn two 20;',
      }),
  },
  {
    what: 'the registry’s cache is away',
    source: 'distribution.github.io configuration, redis',
    more: () => Promise.resolve({}),
    registry: { storage: { cache: { blobdescriptor: 'redis' } }, sections: { redis: { addr: '127.0.0.1:1' } } },
  },
];

export const twinCases: readonly Case[] = [
  ...twins.map(
    ({ what, source, more, registry: options }): Case => ({
      name: `awkward and fine: ${what}`,
      source,
      expected: 'healthy',
      setUp: async (stage) => {
        const registry = await stage.registry(options);
        const front = await stage.hop('nginx', { upstreamPort: registry.port, more: await more(stage) });
        return { size: '2MB', paths: pathsOf(stage, front, registry.port) };
      },
    }),
  ),
  {
    name: 'awkward and fine: the IPv6 address is dead, and IPv4 lives',
    source: 'RFC 6555, which Go follows between families',
    hosts: [
      ['fd00::9', 'registry.two.test'],
      ['10.9.0.3', 'registry.two.test'],
    ],
    expected: 'healthy',
    setUp: async ({ network, registry: start }) => {
      for (const address of ['10.9.0.3/32', 'fd00::9/128'])
        await network!.run(['ip', 'addr', 'add', address, 'dev', 'lo']);
      const registry = await start({ address: '10.9.0.3' });
      await network!.run(['ip6tables', '-A', 'INPUT', '-d', 'fd00::9', '-p', 'tcp', '-j', 'DROP']);
      const url = `http://registry.two.test:${registry.port}`;
      return { size: '1MB', paths: { public: { url, kind: 'loadbalancer' } } };
    },
  },
  {
    name: 'awkward and fine: HAProxy answers GET /v2/ itself, as a health check',
    source: 'HAProxy configuration manual, monitor-uri: clients take any 200 there for a registry without a login',
    expected: 'healthy',
    setUp: async (stage) => {
      const registry = await stage.registry();
      const more = { frontend: 'monitor-uri /v2/\n  default_backend back' };
      const front = await stage.hop('haproxy', { upstreamPort: registry.port, more });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'awkward and fine: the resolver fails for IPv6 alone',
    source: 'golang/go net: addresses of one family are enough',
    expected: 'healthy',
    setUp: async (stage) => {
      const registry = await stage.registry();
      const resolver = await startResolver(stage, { failsForIpv6: true });
      const url = `http://registry.example.test:${registry.port}`;
      return { size: '1MB', paths: { public: { url, kind: 'ingress', dns: [`127.0.0.1:${resolver}`] } } };
    },
  },
];
