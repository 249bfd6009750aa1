import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { ImageLayout } from './layer-source.ts';

/** What becomes of one GET of the layer, in place of the polite answer. */
export type PullDeed =
  | { readonly kind: 'answer'; readonly status: number }
  /** So many bytes of what was asked for, then FIN or RST. */
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly how: 'close' | 'reset' }
  /** To a store that is not there. */
  | { readonly kind: 'astray' }
  /** The whole blob with 200, whatever Range asks. */
  | { readonly kind: 'ignore-range' }
  /** As long as the blob, and other bytes. */
  | { readonly kind: 'corrupt' }
  /** 206 that says it begins elsewhere. */
  | { readonly kind: 'misplace' };

export interface PullScenery {
  /** For the n-th GET of the layer, from 1, and the byte that it begins with. */
  readonly deed?: (nth: number, from: number) => PullDeed | undefined;
  /** The registry sends readers of the layer to another address of this machine, where the deeds are done. */
  readonly redirects?: boolean;
  /** Answers to GETs of layers wait until no further one has come for so long: then as many are under way as the client has at once. */
  readonly holdsMs?: number;
  /** Answers to GETs of the layer wait until the config has been served: whether a client that fetches both side by side still asks for the config after a refusal is chance. */
  readonly afterConfig?: boolean;
  /** Requests to the registry without credentials are challenged for Basic ones. */
  readonly basic?: boolean;
}

/** One request for the image. Times are milliseconds of one monotonic clock. */
export interface PullRequest {
  readonly method: string;
  /** `manifest`, `config`, `layer`, or the path. */
  readonly object: string;
  readonly target: string;
  readonly host: 'registry' | 'other';
  readonly headers: Readonly<Record<string, string>>;
  readonly startMs: number;
  endMs: number;
  answer: string;
}

export interface PullRecorder {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly otherHost: string;
  readonly requests: readonly PullRequest[];
  /** The most layers that waited for their answers at the same time. */
  readonly mostHeld: () => number;
  readonly close: () => Promise<void>;
}

interface Object {
  readonly name: string;
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** A registry on loopback that serves one image under every tag and does with its layer what the scene says. */
export async function startPullRecorder(
  layout: string,
  image: ImageLayout,
  scenery: PullScenery,
): Promise<PullRecorder> {
  const recorder = new Recorder(objectsOf(layout, image), scenery);
  const servers = [await listen('127.0.0.1', recorder), await listen('127.0.0.2', recorder)] as const;
  const [own, other] = servers.map(({ server }) => (server.address() as AddressInfo).port);
  recorder.otherHost = `127.0.0.2:${other}`;
  return {
    host: `127.0.0.1:${own}`,
    otherHost: recorder.otherHost,
    requests: recorder.requests,
    mostHeld: () => recorder.mostHeld,
    async close() {
      for (const { server, sockets } of servers) {
        for (const socket of sockets) socket.destroy();
        server.close();
        await once(server, 'close');
      }
    },
  };
}

function objectsOf(layout: string, { manifest, config, layers }: ImageLayout): readonly Object[] {
  const named = [
    ['manifest', manifest],
    ['config', config],
    ...layers.map((layer, index) => [index === 0 ? 'layer' : `layer${index + 1}`, layer] as const),
  ] as const;
  return named.map(([name, { mediaType, digest }]) => ({
    name,
    mediaType,
    digest,
    bytes: readFileSync(join(layout, 'blobs/sha256', digest.slice('sha256:'.length))),
  }));
}

async function listen(address: string, recorder: Recorder): Promise<{ server: Server; sockets: Set<Socket> }> {
  const server = createServer((request, response) => recorder.take(request, response, address));
  server.requestTimeout = 0;
  server.keepAliveTimeout = 120_000;
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket.setNoDelay(true));
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, address);
  await once(server, 'listening');
  return { server, sockets };
}

class Recorder {
  readonly requests: PullRequest[] = [];
  otherHost = '';
  mostHeld = 0;
  #held: (() => void)[] = [];
  #quiet: NodeJS.Timeout | undefined;
  readonly #objects: readonly Object[];
  readonly #scenery: PullScenery;
  #met = 0;
  #configServed = (): void => {};
  readonly #config = new Promise<void>((resolve) => {
    this.#configServed = resolve;
  });

  constructor(objects: readonly Object[], scenery: PullScenery) {
    this.#objects = objects;
    this.#scenery = scenery;
  }

  take(request: IncomingMessage, response: ServerResponse, address: string): void {
    const target = request.url ?? '';
    const found = this.#find(target);
    const record: PullRequest = {
      method: request.method ?? '',
      object: found?.name ?? target,
      target,
      host: address === '127.0.0.1' ? 'registry' : 'other',
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      startMs: performance.now(),
      endMs: Number.NaN,
      answer: 'none',
    };
    this.requests.push(record);
    request.resume();
    response.on('close', () => (record.endMs = performance.now()));
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    this.#answer(record, found, response);
  }

  #find(target: string): Object | undefined {
    const [path = ''] = target.split('?');
    const digest = /sha256(?::|%3A)([0-9a-f]{64})/i.exec(path)?.[1];
    if (digest === undefined) return path.includes('/manifests/') ? this.#objects[0] : undefined;
    return this.#objects.find((object) => object.digest === `sha256:${digest}`);
  }

  #answer(record: PullRequest, found: Object | undefined, response: ServerResponse): void {
    const { basic, redirects, deed, holdsMs, afterConfig } = this.#scenery;
    const own = record.host === 'registry';
    const head = (status: number, headers: Readonly<Record<string, string | number>> = {}): void => {
      record.answer = String(status);
      response.writeHead(status, headers);
    };
    if (basic === true && own && record.headers['authorization'] === undefined) {
      head(401, { 'WWW-Authenticate': 'Basic realm="lab"', 'Content-Length': 0 });
      response.end();
    } else if (found === undefined) {
      head(record.object === '/v2/' ? 200 : 404, { 'Content-Length': 0 });
      response.end();
    } else if (redirects === true && own && found.name === 'layer') {
      head(307, { Location: `http://${this.otherHost}${record.target}`, 'Content-Length': 0 });
      response.end();
    } else {
      const meant = found.name === 'layer' && record.method === 'GET';
      if (meant) this.#met += 1;
      const from = Number(/^bytes=(\d+)-/.exec(record.headers['range'] ?? '')?.[1] ?? 0);
      const serve = (): void => this.#serve(record, found, response, meant ? deed?.(this.#met, from) : undefined);
      if (holdsMs !== undefined && found.name.startsWith('layer')) this.#hold(serve, holdsMs);
      else if (afterConfig === true && meant) void this.#config.then(serve);
      else serve();
      if (found.name === 'config') this.#configServed();
    }
  }

  #hold(serve: () => void, holdsMs: number): void {
    this.#held.push(serve);
    this.mostHeld = Math.max(this.mostHeld, this.#held.length);
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      for (const one of this.#held.splice(0)) one();
    }, holdsMs);
  }

  #serve(record: PullRequest, object: Object, response: ServerResponse, deed: PullDeed | undefined): void {
    if (deed?.kind === 'astray') {
      record.answer = '307 to nobody';
      response.writeHead(307, { Location: 'http://127.0.0.1:1/blob', 'Content-Length': 0 }).end();
      return;
    }
    if (deed?.kind === 'answer') {
      record.answer = String(deed.status);
      const challenge = deed.status === 401 ? { 'WWW-Authenticate': 'Basic realm="lab"' } : {};
      response.writeHead(deed.status, { 'Content-Type': 'text/html', 'Content-Length': 4, ...challenge }).end('oops');
      return;
    }
    const range = deed?.kind === 'ignore-range' ? null : /^bytes=(\d+)-(\d*)$/.exec(record.headers['range'] ?? '');
    const start = Number(range?.[1] ?? 0);
    const end = range?.[2] === undefined || range[2] === '' ? object.bytes.length - 1 : Number(range[2]);
    const body = Buffer.from(object.bytes.subarray(start, end + 1));
    if (deed?.kind === 'corrupt') body[100] = ((body[100] ?? 0) + 1) % 256;
    const shifted = deed?.kind === 'misplace' ? 1 : 0;
    record.answer = range === null ? '200' : '206';
    response.writeHead(Number(record.answer), {
      'Content-Type': object.name === 'manifest' ? object.mediaType : 'application/octet-stream',
      'Content-Length': body.length,
      'Docker-Content-Digest': object.digest,
      'Accept-Ranges': 'bytes',
      ...(range === null ? {} : { 'Content-Range': `bytes ${start + shifted}-${end}/${object.bytes.length}` }),
    });
    if (record.method === 'HEAD') response.end();
    else if (deed?.kind === 'cut') cut(response, body.subarray(0, deed.afterBytes), deed.how, record);
    else response.end(body);
  }
}

/** What was written must be with the reader before a RST, which throws away what is on the way. */
function cut(response: ServerResponse, body: Buffer, how: 'close' | 'reset', record: PullRequest): void {
  record.answer += `, ${how} after ${body.length}`;
  response.write(body, () => {
    const { socket } = response;
    if (how === 'close') socket?.end();
    else setTimeout(() => socket?.resetAndDestroy(), 200);
  });
}
