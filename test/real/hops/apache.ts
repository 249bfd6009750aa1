import { join } from 'node:path';
import type { HopProgram } from './hop.ts';

const modules = '/usr/lib/apache2/modules';
const loaded = [
  'mpm_event',
  'authz_core',
  'proxy',
  'proxy_http',
  'ssl',
  'socache_shmcb',
  'headers',
  'reqtimeout',
  'rewrite',
  'env',
  'authn_core',
  'dir',
  'unique_id',
];

/** As the documentation of distribution puts it before a registry (recipes/apache.md). */
export const apache: HopProgram = {
  components: ['apache2'],
  places: ['modules', 'server', 'host', 'pass'],
  files: ({ directory, port, upstreamPort, tls, http2, more, buffers = false }) => ({
    'apache.conf': `
ServerRoot ${directory}
PidFile ${join(directory, 'apache.pid')}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
${[...loaded, ...(http2 ? ['http2'] : [])].map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join('\n')}
${more['modules'] ?? ''}
Mutex file:${directory} default
User nobody
Group nogroup
ErrorLog ${join(directory, 'error.log')}
${more['server'] ?? ''}
<VirtualHost 127.0.0.1:${port}>
  ${tls === undefined ? '' : `SSLEngine on\n  SSLCertificateFile ${tls.certFile}\n  SSLCertificateKeyFile ${tls.keyFile}`}
  ${http2 ? 'Protocols h2 http/1.1' : ''}
  RequestHeader set X-Forwarded-Proto ${tls === undefined ? 'http' : 'https'}
  ProxyRequests off
  ProxyPreserveHost on
  ${buffers ? 'SetEnv proxy-sendcl 1' : ''}
  ${more['host'] ?? ''}
  ${more['pass'] ?? `ProxyPass / http://127.0.0.1:${upstreamPort}/\n  ProxyPassReverse / http://127.0.0.1:${upstreamPort}/`}
</VirtualHost>
`,
  }),
  starts: ({ directory }) => [{ component: 'apache2', args: ['-f', join(directory, 'apache.conf'), '-DFOREGROUND'] }],
};
