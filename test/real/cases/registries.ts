import type { RunningHop } from '../hops/hop.ts';
import { type Case, pathsOf, type Stage } from './case.ts';
import { folderWith } from './routes.ts';
import { credentials, loginOf } from './rules.ts';

/** What a registry itself says is wrong. */
export const registryCases: readonly Case[] = [
  {
    name: 'the registry is read-only, behind nginx',
    source: 'distribution.github.io configuration, storage.maintenance.readonly',
    expected: {
      right: /read.?only/i,
      hops: ['registry_app', 'registry_storage'],
      never: /method_blocked/,
      unknown: /UNSUPPORTED|unsupported/,
    },
    setUp: async (stage) => {
      const registry = await stage.registry({ storage: { maintenance: { readonly: { enabled: true } } } });
      const front = await stage.hop('nginx', { upstreamPort: registry.port });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'no space left in the registry',
    source: 'distribution/distribution, storage driver filesystem: 500 UNKNOWN',
    hosts: [],
    expected: { right: /space|storage|disk/i, hops: ['registry_storage'] },
    setUp: async (stage) => {
      await stage.network!.run(['mount', '-t', 'tmpfs', '-o', 'size=3m', 'none', '/mnt']);
      const registry = await stage.registry({ storage: { filesystem: { rootdirectory: '/mnt' } } });
      const front = await stage.hop('haproxy', { upstreamPort: registry.port });
      return { paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'the storage of distribution 3 is mounted read-only',
    source: 'distribution/distribution, storage driver filesystem: 500 UNKNOWN where an upload begins',
    hosts: [],
    expected: { right: /storage|disk/i, hops: ['registry_storage'] },
    setUp: async (stage) => {
      await stage.network!.run(['mount', '-t', 'tmpfs', '-o', 'ro', 'none', '/mnt']);
      const storage = { filesystem: { rootdirectory: '/mnt' } };
      const registry = await stage.registry({ program: 'distribution3', storage });
      const front = await stage.hop('nginx', { upstreamPort: registry.port });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'no space left where nginx collects bodies',
    source: 'nginx.org client_body_temp_path',
    hosts: [],
    expected: { right: /client_body_temp_path/, hops: ['ingress'] },
    setUp: async (stage) => {
      await stage.network!.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', '/mnt']);
      const registry = await stage.registry();
      const server = 'client_body_temp_path /mnt/bodies;';
      const front = await stage.hop('nginx', { upstreamPort: registry.port, more: { server } });
      return { size: '4MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'lighttpd has nowhere to collect bodies',
    source: 'redmine.lighttpd.net server.upload-dirs',
    expected: { right: /temporary disk space/, hops: ['ingress'] },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const server = 'server.upload-dirs := ( "/nonexistent" )';
      const front = await stage.hop('lighttpd', { upstreamPort: registry.port, more: { server } });
      return { size: '4MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'the registry is a cache of another one, behind Caddy',
    source: 'distribution.github.io recipes/mirror',
    expected: { right: /cache of another/, hops: ['registry_app'], never: /method_blocked/ },
    setUp: async (stage) => {
      const other = await stage.registry();
      const registry = await stage.registry({ sections: { proxy: { remoteurl: `http://127.0.0.1:${other.port}` } } });
      const front = await stage.hop('caddy', { upstreamPort: registry.port });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'one of two replicas is read-only: HAProxy',
    source: 'distribution.github.io configuration, storage.maintenance.readonly',
    expected: { right: /servers_differ[^]*read-only/, hops: ['registry_app'], never: /method_blocked/ },
    setUp: async (stage) => {
      const storage = { filesystem: { rootdirectory: await folderWith(stage, {}) } };
      const readonly = { ...storage, maintenance: { readonly: { enabled: true } } };
      const [a, b] = [await stage.registry({ storage }), await stage.registry({ storage: readonly })];
      return { size: '1MB', paths: pathsOf(stage, await overBoth(stage, a.port, b.port), a.port) };
    },
  },
  {
    name: 'one of two replicas takes other passwords: HAProxy',
    source: 'distribution.github.io deploying, load balancing considerations',
    expected: { right: /login_refused_at_times[^]*the same logins/, hops: ['ingress'], never: /token_expired/ },
    setUp: async (stage) => {
      const storage = { filesystem: { rootdirectory: await folderWith(stage, {}) } };
      const a = await stage.registry({ storage, sections: await loginOf(stage) });
      const b = await stage.registry({ storage, sections: await loginOf(stage, 'another') });
      return { size: '1MB', credentials, paths: pathsOf(stage, await overBoth(stage, a.port, b.port), a.port) };
    },
  },
  ...(['secret', 'storage'] as const).map(
    (differs): Case => ({
      name: `two replicas, each with a ${differs} of its own: HAProxy`,
      source: 'distribution/distribution#2519',
      expected: { right: /http\.secret/, hops: ['registry_app', 'ingress'] },
      setUp: async (stage) => {
        const http = differs === 'secret' ? { secret: 'another' } : undefined;
        const [a, b] = [await stage.registry(), await stage.registry({ http })];
        return { size: '1MB', paths: pathsOf(stage, await overBoth(stage, a.port, b.port), a.port) };
      },
    }),
  ),
];

function overBoth(stage: Stage, one: number, other: number): Promise<RunningHop> {
  const servers = `balance roundrobin\n  server a 127.0.0.1:${one}\n  server b 127.0.0.1:${other}`;
  return stage.hop('haproxy', { upstreamPort: one, more: { servers } });
}
