import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireComponent } from '../../support/component.ts';
import { parseAccessLog, type LoggedRequest } from './docker-registry.ts';
import { freePort, startProcess, waitUntilListening } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface NginxOptions {
  /** Port of 127.0.0.1 that requests are passed on to. */
  readonly upstreamPort: number;
  /** As nginx writes it, for example `10m`. */
  readonly maxBodySize: string;
  /** true, as nginx does by default: the whole body is stored before the registry sees the request. */
  readonly buffersRequests: boolean;
}

export interface RunningNginx {
  readonly origin: string;
  readonly requests: () => LoggedRequest[];
  readonly errors: () => string;
  /** Bytes of request bodies that nginx has stored and not passed on yet. */
  readonly storedBodyBytes: () => number;
  readonly close: () => Promise<void>;
}

/** Starts nginx in the foreground as a reverse proxy on loopback, with everything it writes in a temporary directory. */
export async function startNginx(options: NginxOptions): Promise<RunningNginx> {
  const directory = temporaryDirectory('nginx');
  const port = await freePort();
  const configFile = join(directory.path, 'nginx.conf');
  mkdirSync(join(directory.path, 'temporary'));
  writeFileSync(configFile, configuration(directory.path, port, options));
  const args = ['-p', directory.path, '-c', configFile, '-e', join(directory.path, 'error.log')];
  const program = await startProcess(requireComponent('nginx'), args);
  await waitUntilListening(port, program);
  const read = (name: string): string => {
    const file = join(directory.path, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  return {
    origin: `http://127.0.0.1:${port}`,
    requests: () => parseAccessLog(read('access.log')),
    errors: () => read('error.log'),
    storedBodyBytes: () => sizeOfFiles(join(directory.path, 'temporary/body')),
    close: async () => {
      await program.stop();
      directory.remove();
    },
  };
}

function sizeOfFiles(folder: string): number {
  return readdirSync(folder)
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

function configuration(directory: string, port: number, options: NginxOptions): string {
  const temporary = join(directory, 'temporary');
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${join(directory, 'nginx.pid')};
error_log ${join(directory, 'error.log')} warn;
events { worker_connections 256; }
http {
  access_log ${join(directory, 'access.log')} combined;
  client_body_temp_path ${temporary}/body;
  proxy_temp_path ${temporary}/proxy;
  fastcgi_temp_path ${temporary}/fastcgi;
  uwsgi_temp_path ${temporary}/uwsgi;
  scgi_temp_path ${temporary}/scgi;
  server {
    listen 127.0.0.1:${port};
    client_max_body_size ${options.maxBodySize};
    location / {
      proxy_pass http://127.0.0.1:${options.upstreamPort};
      proxy_http_version 1.1;
      proxy_request_buffering ${options.buffersRequests ? 'on' : 'off'};
      # The stored body has a name as long as the request lasts, so that tests can see it grow.
      client_body_in_file_only ${options.buffersRequests ? 'clean' : 'off'};
      # With the port, so that the registry's Location leads back here.
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`;
}
