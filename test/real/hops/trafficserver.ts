import { join } from 'node:path';
import type { HopProgram } from './hop.ts';

/** A reverse proxy without a cache that keeps the client's Host, as its documentation has it. `records`: lines of records.config. */
export const trafficserver: HopProgram = {
  components: ['traffic_server'],
  places: ['records'],
  files: ({ directory, port, upstreamPort, tls, http2, pemFile, more }) => ({
    'config/records.config': [
      `server_ports STRING ${port}:ip-in=127.0.0.1${tls === undefined ? '' : `:ssl${http2 ? '' : ':proto=http'}`}`,
      'cache.http INT 0',
    ]
      .map((line) => `CONFIG proxy.config.http.${line}\n`)
      .concat(
        [
          'url_remap.pristine_host_hdr INT 1',
          'url_remap.remap_required INT 1',
          'log.logging_enabled INT 0',
          'reverse_proxy.enabled INT 1',
          'admin.user_id STRING nobody',
          `ssl.server.cert.path STRING ${directory}`,
          `ssl.server.private_key.path STRING ${directory}`,
          'exec_thread.autoconfig INT 0',
          'exec_thread.limit INT 1',
          ...(more['records'] ?? '').split('\n').filter((line) => line !== ''),
        ].map((line) => `CONFIG proxy.config.${line}\n`),
      )
      .join(''),
    'config/remap.config': `map / http://127.0.0.1:${upstreamPort}/ @plugin=header_rewrite.so @pparam=forwarded.config\n`,
    'config/forwarded.config': `cond %{REMAP_PSEUDO_HOOK}\nset-header X-Forwarded-Proto ${tls === undefined ? 'http' : 'https'}\n`,
    'config/ssl_multicert.config': tls === undefined ? '' : `dest_ip=* ssl_cert_name=${pemFile.split('/').at(-1)}\n`,
    'config/storage.config': `${join(directory, 'kept')} 16M\n`,
    'config/plugin.config': '',
    'config/ip_allow.yaml': 'ip_allow:\n  - apply: in\n    ip_addrs: 0/0\n    action: allow\n    methods: ALL\n',
    'runroot.yaml': runroot(directory),
  }),
  starts: ({ directory }) => [{ component: 'traffic_server', args: [`--run-root=${join(directory, 'runroot.yaml')}`] }],
};

function runroot(directory: string): string {
  const own = { sysconfdir: 'config', logdir: 'kept', runtimedir: 'kept', localstatedir: 'kept', cachedir: 'kept' };
  const theirs = {
    prefix: '/usr',
    exec_prefix: '/usr',
    bindir: '/usr/bin',
    sbindir: '/usr/sbin',
    datadir: '/usr/share/trafficserver',
    libexecdir: '/usr/lib/trafficserver/modules',
    libdir: '/usr/lib/trafficserver',
    includedir: '/usr/include',
  };
  const ownPaths = Object.entries(own).map(([name, folder]) => [name, join(directory, folder)] as const);
  return [...Object.entries(theirs), ...ownPaths].map(([name, path]) => `${name}: ${path}\n`).join('');
}
