import { join } from 'node:path';
import type { HopProgram } from './hop.ts';

/** `reverse_proxy` and nothing else, as Caddy's documentation has it; HTTP/2 is on by default. */
export const caddy: HopProgram = {
  components: ['caddy'],
  places: ['site', 'proxy'],
  files: ({ directory, port, upstreamPort, tls, http2, more, buffers = false }) => ({
    Caddyfile: `
{
  admin off
  auto_https off
  storage file_system ${join(directory, 'kept')}
  ${http2 ? '' : 'servers {\n protocols h1\n }'}
}
${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port} {
  bind 127.0.0.1
  ${tls === undefined ? '' : `tls ${tls.certFile} ${tls.keyFile}`}
  ${more['site'] ?? ''}
  reverse_proxy 127.0.0.1:${upstreamPort} {
    ${buffers ? 'buffer_requests' : ''}
    ${more['proxy'] ?? ''}
  }
}
`,
  }),
  starts: ({ directory }) => [
    { component: 'caddy', args: ['run', '--adapter', 'caddyfile', '--config', join(directory, 'Caddyfile')] },
  ],
};
