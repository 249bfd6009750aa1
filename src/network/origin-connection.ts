import { isOver } from './not-before.ts';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { AnswerHead } from './answer-head.ts';
import { bodySocketOf } from './body/body-socket.ts';
import { type DialTarget, dial } from './dial.ts';
import { type ConnectionFacts, type Exchange, type HttpRequest, NetworkError, type SentAgain } from './exchange.ts';
import { bareHost, effectivePort, isAllowedHost, isOwnHost } from './hosts.ts';
import { Client } from './http-client.ts';
import { Http2Session } from './http2-session.ts';
import { untilClosed } from './kernel/read-tcp-info.ts';
import type { LineState, LiveConnection } from './live-connection.ts';
import type { OpeningTimes } from './opening-step.ts';
import { authorityOf } from './parse-url.ts';
import type { HttpProxy, NetworkPath } from './path.ts';
import { proxyAuthorization, proxyFor, unlessRefused } from './proxy.ts';
import { mayReach } from './reach.ts';
import { errorCode } from './errors.ts';
import { whySendAgain } from './send-again.ts';
import { sendRequest } from './send-request.ts';
import type { TransportOptions } from './transport-options.ts';

type HttpClient = InstanceType<typeof Client>;
type Connected = (...result: [Error, null] | [null, Socket]) => void;

/** What sockets end with that nobody needs any more; undici would make an error for each, with its stack. */
const closedByUs = new Error('closed by us');

/** What the connections of one transport share. */
export interface OpenedSoFar {
  connections: number;
}

/** The connections to one origin, at most one open at a time, but for one that a server retires while its last answer comes. */
export class OriginConnection {
  readonly #path: NetworkPath;
  readonly #url: URL;
  readonly #options: TransportOptions;
  readonly #opened: OpenedSoFar;
  readonly #target: DialTarget;
  readonly #clients: HttpClient[] = [];
  #live: LiveConnection | undefined;
  #opening: OpeningTimes | undefined;
  /** The one that the server still takes requests from. */
  #client: HttpClient | undefined;
  #signal: AbortSignal = AbortSignal.abort(isOver);
  #dials = 0;
  #isBusy = false;

  constructor(path: NetworkPath, url: URL, options: TransportOptions, opened: OpenedSoFar) {
    this.#path = path;
    this.#url = url;
    this.#options = options;
    this.#opened = opened;
    const place = { secure: url.protocol === 'https:', host: bareHost(url), port: effectivePort(url) };
    const isAllowed = isAllowedHost(path, url);
    this.#target = {
      ...place,
      proxy: proxyFor(path, url),
      // A proxy that is asked for the URL itself cannot be told of another address than the URL's.
      tunnel: place.secure || (path.connectTo !== undefined && isOwnHost(path, place)),
      mayReach: (host) => isAllowed || mayReach(host, path.origin),
    };
  }

  /** One request, and once more what Go sends again by itself. Each of the two is told of as an exchange. */
  async send(request: HttpRequest): Promise<Exchange> {
    this.#isBusy = true;
    try {
      const exchange = await this.#sendOnce(request);
      const sentAgain = whySendAgain(request, exchange);
      return sentAgain === undefined ? exchange : await this.#sendOnce(request, sentAgain);
    } finally {
      this.#isBusy = false;
    }
  }

  /** A request is under way. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.destroy(closedByUs)));
  }

  async #sendOnce(request: HttpRequest, sentAgain?: SentAgain): Promise<Exchange> {
    this.#signal = request.signal;
    this.#opening = undefined;
    this.#dials = 0;
    if (this.#live !== undefined) await untilHeard();
    const { proxy, tunnel } = this.#target;
    const line = {
      live: () => this.#live,
      opening: () => this.#opening,
      sentAgain,
      target: requestTarget(tunnel ? undefined : proxy),
    };
    this.#client ??= this.#newClient();
    const answered = await sendRequest(this.#client, request, this.#options, line);
    const exchange = proxy === undefined || tunnel ? answered : unlessRefused(proxy, answered);
    this.#options.onExchange?.(exchange);
    return exchange;
  }

  #newClient(): HttpClient {
    const client = clientOf(this.#url.origin, this.#options, (done) => this.#connect(done));
    this.#clients.push(client);
    return client;
  }

  #connect(done: Connected): void {
    this.#dials += 1;
    if (this.#dials > 1) return done(peerSpokeFirst(), null);
    this.#opening = {};
    const onSocket = (socket: Socket): void => this.#options.wire?.add(socket);
    dial(this.#path, this.#target, { ...this.#options, signal: this.#signal, onSocket }, this.#opening).then(
      ({ socket, facts }) => {
        this.#opened.connections += 1;
        this.#live = this.#liveOver(socket, { ...facts, id: this.#opened.connections });
        done(null, socket);
      },
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), null),
    );
  }

  #liveOver(socket: Socket, facts: ConnectionFacts): LiveConnection {
    const isHttp2 = facts.httpVersion === '2';
    let alert: Error | undefined;
    socket.on('error', (error) => {
      if (errorCode(error)?.startsWith('ERR_SSL_') === true) alert ??= error;
    });
    const bodySocket = bodySocketOf(socket);
    return {
      bodySocket,
      answerHead: isHttp2 ? undefined : new AnswerHead(socket),
      http2: isHttp2 ? new Http2Session(socket, () => (this.#client = undefined)) : undefined,
      alert: () => alert,
      tcpInfo: untilClosed(this.#options.readTcpInfo, socket),
      readBytes: () => socket.bytesRead,
      facts,
      exchanges: 0,
    };
  }
}

function clientOf(origin: string, options: TransportOptions, connect: (done: Connected) => void): HttpClient {
  return new Client(origin, {
    // Node adds `connection: keep-alive`, Go does not: HTTP/1.1 means the same either way.
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: options.idleTimeoutMs,
    keepAliveMaxTimeout: options.idleTimeoutMs,
    maxHeaderSize: 64 * 1024,
    connect: (_connectOptions, done) => connect(done),
  });
}

/**
 * A kept connection that was closed meanwhile is seen to be: Go reads idle connections all the time, Node only in the next turn of its
 * loop. One turn ends the one that we are in, the second one has read the sockets anew.
 */
async function untilHeard(): Promise<void> {
  await turn();
  await turn();
}

/** Absolute form for a proxy that is spoken to itself (RFC 9112, 3.2.2), with the credentials for it; else path and query. */
function requestTarget(proxy: HttpProxy | undefined): LineState['target'] {
  return (url) => {
    const host = authorityOf(url);
    const path = `${url.pathname}${url.search}`;
    if (proxy === undefined) return { path, headers: { host } };
    const authorization = proxyAuthorization(proxy);
    const credentials = authorization && { 'proxy-authorization': authorization };
    return { path: `${url.protocol}//${host}${path}`, headers: { host, ...credentials } };
  };
}

/**
 * The connection opened for a request was given up before the request went out. undici would open one after the other; Go's
 * transport gives a fresh connection no second chance either (net/http, shouldRetryRequest).
 */
function peerSpokeFirst(): NetworkError {
  const message = 'the peer spoke, or hung up, before the request went out';
  return new NetworkError({ stage: 'wait', code: 'ANSWER_BEFORE_REQUEST', message });
}
