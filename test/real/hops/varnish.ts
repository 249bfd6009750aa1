import { join } from 'node:path';
import type { HopProgram } from './hop.ts';

/** Passes everything on, as a registry wants it; hitch in front ends TLS and speaks the PROXY protocol, as Varnish's documentation has it. */
export const varnish: HopProgram = {
  components: ['varnishd', 'hitch'],
  places: ['receive', 'backend', 'arguments'],
  files: ({ directory, port, innerPort, upstreamPort, tls, http2, pemFile, more }) => ({
    'registry.vcl': `vcl 4.1;
import std;
backend default { .host = "127.0.0.1"; .port = "${upstreamPort}"; ${more['backend'] ?? '.first_byte_timeout = 900s; .between_bytes_timeout = 900s;'} }
sub vcl_recv {
  ${more['receive'] ?? ''}
  set req.http.X-Forwarded-Proto = "${tls === undefined ? 'http' : 'https'}";
  return (pass);
}
`,
    ...(tls && {
      'hitch.conf': `
frontend = "[127.0.0.1]:${port}"
backend = "[127.0.0.1]:${innerPort}"
pem-file = "${pemFile}"
write-proxy-v2 = on
workers = 1
daemon = off
user = "${process.getuid?.() === 0 ? 'nobody' : ''}"
alpn-protos = "${http2 ? 'h2, ' : ''}http/1.1"
ocsp-dir = "${join(directory, 'kept')}"
`,
    }),
  }),
  starts: ({ directory, port, innerPort, tls, http2, more }) => [
    {
      component: 'varnishd',
      args: [
        '-F',
        '-a',
        `127.0.0.1:${tls === undefined ? port : `${innerPort},PROXY`}`,
        '-f',
        join(directory, 'registry.vcl'),
        '-n',
        join(directory, 'kept', 'work'),
        '-s',
        'malloc,32m',
        '-j',
        'none',
        ...(http2 ? ['-p', 'feature=+http2'] : []),
        ...(more['arguments'] ?? '').split(' ').filter((one) => one !== ''),
      ],
    },
    ...(tls === undefined ? [] : [{ component: 'hitch' as const, args: ['--config', join(directory, 'hitch.conf')] }]),
  ],
};
