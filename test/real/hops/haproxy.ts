import { join } from 'node:path';
import type { HopProgram } from './hop.ts';

/** With the time limits of the examples in HAProxy's configuration manual. */
export const haproxy: HopProgram = {
  components: ['haproxy'],
  places: ['global', 'defaults', 'frontend', 'backend', 'servers'],
  files: ({ port, upstreamPort, tls, http2, pemFile, more, buffers = false }) => ({
    'haproxy.cfg': `
global
  maxconn 200
  ${more['global'] ?? ''}
defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
  ${buffers ? 'option http-buffer-request' : ''}
  ${more['defaults'] ?? ''}
frontend front
  bind 127.0.0.1:${port}${tls === undefined ? '' : ` ssl crt ${pemFile} alpn ${http2 ? 'h2,' : ''}http/1.1`}
  http-request set-header X-Forwarded-Proto ${tls === undefined ? 'http' : 'https'}
  ${more['frontend'] ?? 'default_backend back'}
backend back
  ${more['backend'] ?? ''}
  ${more['servers'] ?? `server one 127.0.0.1:${upstreamPort}`}
`,
  }),
  starts: ({ directory }) => [{ component: 'haproxy', args: ['-db', '-f', join(directory, 'haproxy.cfg')] }],
};
