import { join } from 'node:path';
import type { HopProgram } from './hop.ts';

/**
 * As the documentation of distribution puts it before a registry (recipes/nginx.md): HTTP/1.0 upstream and collected bodies, both
 * nginx's defaults. `buffers: false` is the usual change: HTTP/1.1 upstream, and bodies passed on as they come.
 */
export const nginx: HopProgram = {
  components: ['nginx'],
  places: ['http', 'server', 'location', 'servers'],
  files: ({ directory, port, upstreamPort, tls, http2, buffers = true, more }) => ({
    'nginx.conf': `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${join(directory, 'nginx.pid')};
error_log ${join(directory, 'error.log')} warn;
events { worker_connections 256; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${join(directory, one)};`).join('\n  ')}
  ${more['http'] ?? ''}
  server {
    listen 127.0.0.1:${port}${tls === undefined ? '' : ' ssl'}${http2 ? ' http2' : ''};
    ${tls === undefined ? '' : `ssl_certificate ${tls.certFile}; ssl_certificate_key ${tls.keyFile};`}
    client_max_body_size 0;
    chunked_transfer_encoding on;
    ${more['server'] ?? ''}
    location / {
      ${more['location'] ?? ''}
      proxy_pass http://127.0.0.1:${upstreamPort};
      ${buffers ? '' : 'proxy_http_version 1.1; proxy_request_buffering off;'}
      ${header(more['location'], 'Host', '$http_host')}
      ${header(more['location'], 'X-Forwarded-Proto', '$scheme')}
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      ${more['location']?.includes('proxy_read_timeout') ? '' : 'proxy_read_timeout 900;'}
    }
  }
  ${more['servers'] ?? ''}
}
`,
  }),
  starts: ({ directory }) => [
    {
      component: 'nginx',
      args: ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', join(directory, 'error.log')],
    },
  ],
};

/** A header that the location sets itself is not set twice: nginx would send both. */
function header(location: string | undefined, name: string, value: string): string {
  return location?.includes(`proxy_set_header ${name} `) ? '' : `proxy_set_header ${name} ${value};`;
}
