import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { requireComponent } from '../../support/component.ts';
import { type Place, everywhere } from './place.ts';
import { freePort, waitFor } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A registry behind a hop. */
export interface Backend {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export const backendNames = ['docker-registry', 'distribution3', 'ggcr-registry', 's3-redirects'] as const;
export type BackendName = (typeof backendNames)[number];

/** Starts a registry on a free port of 127.0.0.1. */
export function startBackend(name: BackendName): Promise<Backend> {
  if (name === 's3-redirects') return startRedirecting();
  return name === 'ggcr-registry' ? startGgcr() : startDistribution({ program: name });
}

export interface DistributionOptions {
  readonly program?: 'docker-registry' | 'distribution3';
  /** Default 127.0.0.1. */
  readonly address?: string;
  readonly port?: number;
  /** Fields of the section `http`. */
  readonly http?: object;
  /** Fields of the section `storage`. */
  readonly storage?: object;
  /** Other sections. */
  readonly sections?: object;
}

/** docker-registry 2.8 of Debian or distribution 3, with its storage in a temporary directory and deletion on. */
export async function startDistribution(
  options: DistributionOptions = {},
  place: Place = everywhere,
): Promise<Backend> {
  const {
    program = 'docker-registry',
    address = '127.0.0.1',
    port = await freePort(),
    http,
    storage,
    sections,
  } = options;
  const directory = temporaryDirectory('registry');
  const file = join(directory.path, 'config.json');
  const configuration = {
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory.path, 'storage') }, delete: { enabled: true }, ...storage },
    http: { addr: `${address}:${port}`, secret: 'one secret', ...http },
    ...sections,
  };
  writeFileSync(file, JSON.stringify(configuration));
  const running = await place.start(requireComponent(program), ['serve', file], {
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
  });
  await waitFor(`${program} to listen`, () => place.listensOn(port, address), {
    timeoutMs: 20_000,
    everyMs: 50,
    details: running.output,
  });
  const close = async (): Promise<void> => {
    await running.stop();
    directory.remove();
  };
  return { port, close };
}

async function startGgcr(): Promise<Backend> {
  const port = await freePort();
  const running = await everywhere.start(requireComponent('ggcr-registry'), ['-port', String(port)]);
  await waitFor('ggcr-registry to listen', () => everywhere.listensOn(port), {
    timeoutMs: 20_000,
    details: running.output,
  });
  return { port, close: async () => void (await running.stop()) };
}

export interface Front extends Backend {
  readonly seen: readonly string[];
}

export interface FrontOptions {
  readonly upstreamPort: number;
  /** Answers itself and returns true, or lets the request through. */
  readonly instead?: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
  /** Answers in place of what came from the registry and returns true, or lets it through; may take its time. */
  readonly after?: (
    request: IncomingMessage,
    answer: IncomingMessage,
    response: ServerResponse,
  ) => boolean | Promise<boolean>;
}

/** Passes requests on to a registry as they are: for what a registry with other storage, or a slow one, does before our eyes. */
export async function startFront(options: FrontOptions): Promise<Front> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    void passOn(request, response, options);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, seen, close };
}

async function passOn(request: IncomingMessage, response: ServerResponse, options: FrontOptions): Promise<void> {
  if ((await options.instead?.(request, response)) === true) {
    request.resume();
    return;
  }
  const { method, url, headers } = request;
  const onward = httpRequest({ host: '127.0.0.1', port: options.upstreamPort, method, path: url, headers });
  const back = async (answer: IncomingMessage): Promise<void> => {
    if ((await options.after?.(request, answer, response)) === true) {
      answer.resume();
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  };
  onward.on('error', () => response.destroy());
  onward.on('response', (answer) => void back(answer));
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

/** What distribution does with S3 by default (`redirect.disable: false`): a blob is at `storeOrigin`, says a 307 to HEAD and GET. */
export function redirectingTo(storeOrigin: string): NonNullable<FrontOptions['after']> {
  return (request, answer, response) => {
    const reads = request.method === 'HEAD' || request.method === 'GET';
    if (!reads || answer.statusCode !== 200 || !/\/blobs\/sha256:/.test(request.url ?? '')) return false;
    response.writeHead(307, {
      'docker-distribution-api-version': 'registry/2.0',
      location: `${storeOrigin}${request.url}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=abc`,
    });
    response.end();
    return true;
  };
}

/** The objects of a registry as an S3-like store has them: no header of a registry, GET and HEAD only. */
export function startStore(upstreamPort: number): Promise<Front> {
  return startFront({
    upstreamPort,
    instead: (request, response) => {
      if (request.method === 'GET' || request.method === 'HEAD') return false;
      response.writeHead(405).end();
      return true;
    },
    after: (_request, answer, response) => {
      const length = answer.headers['content-length'];
      response.writeHead(answer.statusCode ?? 502, {
        server: 'AmazonS3',
        ...(length !== undefined && { 'content-length': length }),
      });
      answer.pipe(response);
      return true;
    },
  });
}

async function startRedirecting(): Promise<Backend> {
  const registry = await startDistribution();
  const store = await startStore(registry.port);
  const front = await startFront({
    upstreamPort: registry.port,
    after: redirectingTo(`http://127.0.0.1:${store.port}`),
  });
  const close = async (): Promise<void> => {
    await front.close();
    await store.close();
    await registry.close();
  };
  return { port: front.port, close };
}
