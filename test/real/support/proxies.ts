import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireComponent } from '../../support/component.ts';
import type { CertificateFiles } from './certificates.ts';
import { freePort, startProcess, waitUntilListening } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export type ProxyProgram = 'nginx' | 'haproxy' | 'caddy';

/** What all three can be told; what is absent is left as the program has it. */
export interface ProxyOptions {
  /** Port of 127.0.0.1 that requests are passed on to. */
  readonly upstreamPort: number;
  /** Largest body; HAProxy knows it by the declared length, so it does not limit bodies without one. */
  readonly limitBytes?: number;
  /** nginx: the whole body is stored before the upstream sees the request. Default true, as nginx has it. */
  readonly buffersRequests?: boolean;
  /** How long the upstream may take to answer, in seconds. */
  readonly answerSeconds?: number;
  /** HAProxy: how long a request may take to arrive with its body, of up to 400 kB, in seconds. */
  readonly requestSeconds?: number;
  /** How long the client may pause in a body, in seconds. */
  readonly pauseSeconds?: number;
  readonly tls?: CertificateFiles;
}

export interface RunningProxy {
  readonly origin: string;
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** Starts a reverse proxy in the foreground on loopback, with everything it writes in a temporary directory. */
export async function startProxy(program: ProxyProgram, options: ProxyOptions): Promise<RunningProxy> {
  const directory = temporaryDirectory(program);
  const port = await freePort();
  const file = join(directory.path, 'proxy.conf');
  mkdirSync(join(directory.path, 'temporary'));
  writeFileSync(file, configurations[program](directory.path, port, options));
  const running = await startProcess(requireComponent(program), argumentsOf[program](directory.path, file), {
    env: {
      PATH: process.env['PATH'],
      HOME: directory.path,
      XDG_DATA_HOME: directory.path,
      XDG_CONFIG_HOME: directory.path,
    },
  });
  await waitUntilListening(port, running);
  return {
    origin: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    close: async () => {
      await running.stop();
      directory.remove();
    },
  };
}

const argumentsOf: Readonly<Record<ProxyProgram, (directory: string, file: string) => readonly string[]>> = {
  nginx: (directory, file) => ['-p', directory, '-c', file, '-e', join(directory, 'error.log')],
  haproxy: (_directory, file) => ['-db', '-f', file],
  caddy: (_directory, file) => ['run', '--adapter', 'caddyfile', '--config', file],
};

type Configuration = (directory: string, port: number, options: ProxyOptions) => string;

const configurations: Readonly<Record<ProxyProgram, Configuration>> = { nginx, haproxy, caddy };

function nginx(directory: string, port: number, options: ProxyOptions): string {
  const { limitBytes, buffersRequests = true, answerSeconds, pauseSeconds, tls } = options;
  const temporary = join(directory, 'temporary');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (one) => `${one}_temp_path ${temporary}/${one};`,
  );
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${join(directory, 'nginx.pid')};
error_log ${join(directory, 'error.log')} warn;
events { worker_connections 256; }
http {
  access_log off;
  ${paths.join('\n  ')}
  server {
    # What stands in front knows the client's scheme.
    set $proto $http_x_forwarded_proto;
    if ($proto = '') { set $proto $scheme; }
    listen 127.0.0.1:${port}${tls === undefined ? '' : ' ssl'};
    ${tls === undefined ? '' : `ssl_certificate ${tls.certFile}; ssl_certificate_key ${tls.keyFile};`}
    ${limitBytes === undefined ? '' : `client_max_body_size ${limitBytes};`}
    ${pauseSeconds === undefined ? '' : `client_body_timeout ${pauseSeconds}s;`}
    location / {
      proxy_pass http://127.0.0.1:${options.upstreamPort};
      proxy_http_version 1.1;
      proxy_request_buffering ${buffersRequests ? 'on' : 'off'};
      ${answerSeconds === undefined ? '' : `proxy_read_timeout ${answerSeconds}s;`}
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $proto;
    }
  }
}
`;
}

function haproxy(directory: string, port: number, options: ProxyOptions): string {
  const { limitBytes, requestSeconds, answerSeconds = 60, pauseSeconds = 60, tls } = options;
  const waits = requestSeconds !== undefined;
  const pem = join(directory, 'both.pem');
  if (tls !== undefined) writeFileSync(pem, readFileSync(tls.certFile, 'utf8') + readFileSync(tls.keyFile, 'utf8'));
  return `
${waits ? 'global\n  tune.bufsize 400000' : ''}
defaults
  mode http
  ${waits ? `option http-buffer-request\n  timeout http-request ${requestSeconds}s` : ''}
  timeout connect 5s
  timeout client ${pauseSeconds}s
  timeout server ${answerSeconds}s
  retries 0
frontend front
  bind 127.0.0.1:${port}${tls === undefined ? '' : ` ssl crt ${pem}`}
  http-request set-header X-Forwarded-Proto ${tls === undefined ? 'http' : 'https'} unless { req.hdr(X-Forwarded-Proto) -m found }
  ${limitBytes === undefined ? '' : `http-request deny deny_status 413 if { req.hdr_val(content-length) gt ${limitBytes} }`}
  default_backend back
backend back
  server one 127.0.0.1:${options.upstreamPort}
`;
}

function caddy(_directory: string, port: number, options: ProxyOptions): string {
  const { limitBytes, answerSeconds, tls } = options;
  const transport =
    answerSeconds === undefined ? '' : `transport http {\n response_header_timeout ${answerSeconds}s\n }`;
  return `
{
  admin off
  auto_https off
}
${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port} {
  bind 127.0.0.1
  ${tls === undefined ? '' : `tls ${tls.certFile} ${tls.keyFile}`}
  ${limitBytes === undefined ? '' : `request_body {\n max_size ${limitBytes}\n }`}
  reverse_proxy 127.0.0.1:${options.upstreamPort} {
    ${transport}
  }
}
`;
}
