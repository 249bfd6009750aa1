import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { createCertificates } from '../../support/certificates.ts';

/** What the recorder does with a request that a scene is about, in place of the registry's polite answer. */
export type Deed =
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfter?: string; readonly range?: string }
  | { readonly kind: 'challenge' }
  /** TCP reset at the head of the request, or after its last byte. */
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' }
  /** FIN after the last byte. */
  | { readonly kind: 'close' }
  /** The registry's polite answer, so long after the last byte. */
  | { readonly kind: 'late'; readonly afterMs: number };

/** Which requests are meant: the HEAD of a blob, the POST that opens an upload, or what carries the payload. */
export type Target = 'head' | 'start' | 'body';

export interface Scenery {
  readonly target?: Target;
  /** For the n-th such request, from 1. */
  readonly deed?: (nth: number) => Deed | undefined;
  /** Only requests with more body bytes than this are meant, and those that do not say how many: one layer of several, no chunks. */
  readonly aboveBytes?: number;
  /** Layers are answered when no other has come for a while: how many are under way at once is seen. */
  readonly holdsLayers?: boolean;
  /** The deed waits until so many layers are there: what clients give up on when a neighbour fails is a matter of moments. */
  readonly afterLayers?: number;
  /** Uploads go on at another address of this machine. */
  readonly foreignLocation?: boolean;
  /** Requests without a token are challenged; the token service is at another address of this machine, or here. */
  readonly bearer?: 'here' | 'private';
  /** Speaks TLS, and offers HTTP/2. */
  readonly tls?: boolean;
  /** Blobs that are there already: the image's config, so that only layers are pushed. */
  readonly existing?: readonly string[];
}

/** One request as it was on the wire. Times are milliseconds of one monotonic clock. */
export interface Recorded {
  readonly httpVersion: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `registry`, or `other` for the second address. */
  readonly host: 'registry' | 'other';
  readonly startMs: number;
  endMs: number;
  bodyBytes: number;
  /** Upload that it opened or belongs to. */
  session: string | undefined;
  /** Status of the answer, or how it went without one. */
  answer: string;
}

export interface PushRecorder {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** The same with its scheme. */
  readonly origin: string;
  /** Where a foreign Location and a private realm lead: `http://127.0.0.2:PORT` */
  readonly otherOrigin: string;
  readonly requests: readonly Recorded[];
  /** How many requests the scene was about. */
  readonly met: () => number;
  /** How many layers were under way at once, where they were held. */
  readonly mostAtOnce: () => number;
  readonly close: () => Promise<void>;
}

const json = { 'Content-Type': 'application/json' };

/** A registry on loopback that writes down each request and does what the scene says. It keeps sizes, no bytes. */
export async function startPushRecorder(scenery: Scenery): Promise<PushRecorder> {
  const recorder = new Recorder(scenery);
  const servers = [await listen('127.0.0.1', recorder, scenery.tls), await listen('127.0.0.2', recorder)] as const;
  const [own, other] = servers.map(({ server }) => (server.address() as AddressInfo).port);
  recorder.otherOrigin = `http://127.0.0.2:${other}`;
  return {
    host: `127.0.0.1:${own}`,
    origin: `${scenery.tls === true ? 'https' : 'http'}://127.0.0.1:${own}`,
    otherOrigin: recorder.otherOrigin,
    requests: recorder.requests,
    met: () => recorder.met,
    mostAtOnce: () => recorder.mostAtOnce,
    async close() {
      for (const { server, sockets } of servers) {
        for (const socket of sockets) socket.destroy();
        server.close();
        await once(server, 'close');
      }
    },
  };
}

/** A request and its response, as both versions of HTTP have them. */
type Asked = Readable & Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'httpVersion' | 'socket'>;
interface Answering {
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  end(body: string): unknown;
}

async function listen(
  address: string,
  recorder: Recorder,
  tls = false,
): Promise<{ server: Server; sockets: Set<Socket> }> {
  const take = (request: Asked, response: Answering): void => recorder.take(request, response, address);
  const server = tls
    ? createSecureServer({ ...createCertificates().valid, allowHTTP1: true }, take)
    : plainServer(take);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket.setNoDelay(true));
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, address);
  await once(server, 'listening');
  return { server, sockets };
}

function plainServer(take: (request: Asked, response: Answering) => void): Server {
  const server = createServer(take);
  server.requestTimeout = 0;
  // A connection that a program keeps over its waits must be there afterwards.
  server.keepAliveTimeout = 120_000;
  return server;
}

class Recorder {
  readonly requests: Recorded[] = [];
  otherOrigin = '';
  readonly #scenery: Scenery;
  readonly #sizes = new Map<string, number>();
  readonly #committed = new Map<string, number>();
  readonly #met: Recorded[] = [];
  mostAtOnce = 0;
  readonly #waiting: (() => void)[] = [];
  #quiet: NodeJS.Timeout | undefined;
  #sessions = 0;
  /** What waits for layers beside it. */
  #held: (() => void)[] = [];
  /** Digest of the manifest that came last. */
  #manifest = '';
  /** Digest of the manifest that was put. */
  #tagged: string | undefined;

  constructor(scenery: Scenery) {
    this.#scenery = scenery;
  }

  take(request: Asked, response: Answering, address: string): void {
    const record: Recorded = {
      httpVersion: request.httpVersion,
      method: request.method ?? '',
      url: request.url ?? '',
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      host: address === '127.0.0.1' ? 'registry' : 'other',
      startMs: performance.now(),
      endMs: Number.NaN,
      bodyBytes: 0,
      session: /\/uploads\/(\d+)/.exec(request.url ?? '')?.[1],
      answer: 'none',
    };
    this.requests.push(record);
    const deed = this.#deedFor(record);
    if (deed?.kind === 'reset' && deed.when === 'before') {
      this.#end(record, 'reset');
      request.socket.resetAndDestroy();
      return;
    }
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => {
      record.bodyBytes += chunk.length;
      if (record.url.includes('/manifests/')) hash.update(chunk);
    });
    request.on('error', () => {});
    request.on('end', () => {
      this.#manifest = `sha256:${hash.digest('hex')}`;
      if (this.#scenery.holdsLayers === true && targetOf(record) === 'body')
        this.#hold(() => this.#finish(record, request, response, deed));
      else if (deed === undefined || this.#hasNeighbours()) this.#finish(record, request, response, deed);
      else this.#held.push(() => this.#finish(record, request, response, deed));
    });
  }

  #hold(finish: () => void): void {
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#waiting.push(finish));
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      for (const next of this.#waiting.splice(0)) next();
    }, quietMs);
  }

  #deedFor(record: Recorded): Deed | undefined {
    const { target, deed, aboveBytes = 0, existing = [] } = this.#scenery;
    if (target === undefined || targetOf(record) !== target) return undefined;
    if (existing.some((digest) => record.url.includes(digest))) return undefined;
    if (Number(record.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= aboveBytes && target === 'body')
      return undefined;
    this.#met.push(record);
    return deed?.(this.#met.length);
  }

  /** Without configs: what streams one does not say how small it is. */
  get met(): number {
    return this.#met.filter((one) => targetOf(one) !== 'body' || one.bodyBytes > payloadBytes || one.answer !== '202')
      .length;
  }

  #finish(record: Recorded, request: Asked, response: Answering, deed: Deed | undefined): void {
    if (deed?.kind === 'late') {
      this.#answerLate(deed.afterMs, record, request, response);
      return;
    }
    if (deed?.kind === 'reset' || deed?.kind === 'close') {
      this.#end(record, deed.kind);
      if (deed.kind === 'reset') request.socket.resetAndDestroy();
      else request.socket.destroy();
      return;
    }
    const [status, headers, body] = this.#answer(record, deed);
    this.#end(record, String(status));
    response.writeHead(status, { 'Docker-Distribution-Api-Version': 'registry/2.0', ...headers });
    response.end(record.method === 'HEAD' ? '' : body);
    if (this.#hasNeighbours()) for (const finish of this.#held.splice(0)) finish();
  }

  #answerLate(afterMs: number, record: Recorded, request: Asked, response: Answering): void {
    const lastByteMs = performance.now();
    const timer = setTimeout(() => this.#finish(record, request, response, undefined), afterMs);
    request.socket.once('close', () => {
      clearTimeout(timer);
      // As exact as a busy machine allows.
      const seconds = Math.round((performance.now() - lastByteMs) / 10_000) * 10;
      if (record.answer === 'none') record.answer = `none, left after ${seconds} s`;
    });
  }

  #hasNeighbours(): boolean {
    const layers = [...this.#committed.values()].filter((bytes) => bytes > payloadBytes);
    return layers.length >= (this.#scenery.afterLayers ?? 0);
  }

  #end(record: Recorded, answer: string): void {
    record.endMs = performance.now();
    record.answer = answer;
  }

  #answer(record: Recorded, deed: Deed | undefined): Answer {
    if (deed?.kind === 'challenge') return this.#challenged(record, ',error="invalid_token"');
    if (deed?.kind !== 'answer') return this.#polite(record);
    const { status, retryAfter, range } = deed;
    const hint: Record<string, string> = {
      ...(retryAfter === undefined ? {} : { 'Retry-After': retryAfter }),
      ...(range === undefined ? {} : { Range: range, Location: record.url }),
    };
    return [status, { 'Content-Type': 'text/html', ...hint }, '<html>no</html>'];
  }

  #challenged(record: Recorded, error = ''): Answer {
    const origin = this.#scenery.bearer === 'private' ? this.otherOrigin : `http://${record.headers['host']}`;
    const challenge = `Bearer realm="${origin}/token",service="lab",scope="repository:probe/x:pull,push"${error}`;
    return [401, { ...json, 'WWW-Authenticate': challenge }, '{"errors":[{"code":"UNAUTHORIZED"}]}'];
  }

  #polite(record: Recorded): Answer {
    const { bearer, foreignLocation } = this.#scenery;
    const { method, headers } = record;
    const [path = ''] = record.url.split('?');
    if (path === '/token') return [200, json, JSON.stringify({ token: 'abc', access_token: 'abc', expires_in: 300 })];
    if (bearer !== undefined && record.host === 'registry' && !headers['authorization']?.startsWith('Bearer'))
      return this.#challenged(record);
    if (path === '/v2/') return [200, json, '{}'];
    if (path.includes('/manifests/')) return this.#manifestAnswer(method, path);
    const digest = /sha256(?::|%3A)([0-9a-f]{64})/i.exec(record.url)?.[1] ?? '';
    if (!path.includes('/uploads/')) return this.#blob(digest);
    const size = (this.#sizes.get(path) ?? 0) + record.bodyBytes;
    switch (method) {
      case 'POST': {
        this.#sessions += 1;
        record.session = String(this.#sessions);
        const location = `/v2/probe/x/blobs/uploads/${this.#sessions}?_state=s`;
        return [202, { Location: `${foreignLocation === true ? this.otherOrigin : ''}${location}`, Range: '0-0' }, ''];
      }
      case 'PATCH':
        this.#sizes.set(path, heldAfter(headers) ?? size);
        return [202, { Location: record.url, Range: `0-${(heldAfter(headers) ?? size) - 1}` }, ''];
      case 'PUT':
        this.#committed.set(digest, size);
        return [
          201,
          {
            Location: `/v2/probe/x/blobs/sha256:${digest}`,
            'Content-Length': '0',
            'Docker-Content-Digest': `sha256:${digest}`,
          },
          '',
        ];
      case 'GET':
        return [204, { Location: record.url, Range: `0-${size - 1}` }, ''];
      default:
        return [204, {}, ''];
    }
  }

  #manifestAnswer(method: string, path: string): Answer {
    if (method === 'PUT') this.#tagged = this.#manifest;
    if (this.#tagged === undefined) return notFound;
    return [method === 'PUT' ? 201 : 200, { Location: path, 'Docker-Content-Digest': this.#tagged }, ''];
  }

  #blob(digest: string): Answer {
    const size = this.#scenery.existing?.includes(`sha256:${digest}`) ? 163 : this.#committed.get(digest);
    if (size === undefined) return notFound;
    return [200, { 'Content-Length': String(size), 'Docker-Content-Digest': `sha256:${digest}` }, ''];
  }
}

/** Bytes up to the end of a chunk, which may begin in the middle of what is there. */
function heldAfter(headers: Recorded['headers']): number | undefined {
  const last = /-(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
  return last === undefined ? undefined : Number(last) + 1;
}

/** Longer than it takes a program to begin a layer beside others. */
const quietMs = 2_000;

type Answer = readonly [status: number, headers: Readonly<Record<string, string>>, body: string];
const notFound: Answer = [404, json, '{"errors":[{"code":"NOT_FOUND"}]}'];

function targetOf({ method, url, headers }: Recorded): Target | undefined {
  if (method === 'HEAD' && url.includes('/blobs/sha256')) return 'head';
  if (method === 'POST' && url.includes('/uploads/')) return 'start';
  const carries = headers['transfer-encoding'] === 'chunked' || Number(headers['content-length'] ?? 0) > payloadBytes;
  return (method === 'PATCH' || method === 'PUT') && carries && url.includes('/uploads/') ? 'body' : undefined;
}

/** Bodies beyond this are layers; configs and manifests are smaller. */
const payloadBytes = 100_000;
