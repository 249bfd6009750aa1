import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Exchange } from '../../src/network/exchange.ts';
import type { NetworkPath } from '../../src/network/path.ts';
import { Secret } from '../../src/network/secrets/secret.ts';
import { createTransport } from '../../src/network/transport.ts';
import { transportDefaults } from '../../src/network/transport-options.ts';
import type { AuthFact } from '../../src/registry/auth/realm.ts';
import { type Authorizer, ChallengeAuthorizer } from '../../src/registry/auth/authorizer.ts';
import type { Action } from '../../src/registry/auth/bearer.ts';
import type { Credentials } from '../../src/registry/target.ts';
import { clientProfiles } from '../../src/probe/clients/client-profiles.ts';
import type { TokenBehaviour } from '../../src/registry/auth/token-behaviour.ts';
import { pathTo } from './paths.ts';

export interface SeenRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
  /** Say nothing and end the connection. */
  readonly hangUp?: boolean;
  /** Announce one byte more than is sent, then end the connection. */
  readonly breakOff?: boolean;
}

export interface ScriptedServer {
  readonly origin: string;
  readonly host: string;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

/** A server on a free port of 127.0.0.1 that answers as `answer` says and remembers what it was asked. */
export async function serve(
  answer: (request: SeenRequest, origin: string) => Reply | Promise<Reply>,
): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const { method = '', url = '' } = incoming;
      const request: SeenRequest = {
        method,
        target: url,
        query: new URL(url, origin).searchParams,
        authorization: incoming.headers.authorization,
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      seen.push(request);
      const reply = await answer(request, origin);
      if (reply.hangUp) return incoming.socket.destroy();
      for (const [name, value] of Object.entries(reply.headers ?? {})) outgoing.setHeader(name, value);
      outgoing.statusCode = reply.status ?? 200;
      const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {});
      if (!reply.breakOff) return outgoing.end(text);
      outgoing.setHeader('content-length', Buffer.byteLength(text) + 1);
      return outgoing.write(text, () => incoming.socket.end());
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const origin = `http://${host}`;
  return {
    origin,
    host,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface SessionOptions {
  readonly credentials?: Credentials;
  readonly behaviour?: TokenBehaviour;
  readonly path?: Partial<NetworkPath>;
  readonly now?: () => number;
}

export interface AuthSession {
  readonly authorizer: Authorizer;
  readonly facts: AuthFact[];
  /** One request as the registry layer sends it: authorized, and once more after a 401 that could be answered. */
  send(method: string, target: string, actions?: readonly Action[], signal?: AbortSignal): Promise<Exchange>;
  close(): Promise<void>;
}

export const alice: Credentials = { kind: 'basic', username: 'alice', password: Secret.of('s3cret:with colon/ü') };
export const aliceBasic = `Basic ${Buffer.from('alice:s3cret:with colon/ü', 'utf8').toString('base64')}`;

/** An authorizer on the product's own transport. */
export function session(origin: string, options: SessionOptions = {}): AuthSession {
  const path = pathTo(origin, options.path);
  const transport = createTransport(path, { ...transportDefaults, httpVersion: '1.1', now: () => performance.now() });
  const facts: AuthFact[] = [];
  const authorizer = new ChallengeAuthorizer({
    path,
    target: {
      name: 'registry',
      repository: 'team/app',
      credentials: options.credentials ?? { kind: 'anonymous' },
      cleanup: 'delete',
    },
    transport,
    // Nobody pings here.
    tokenBehaviour: { ...(options.behaviour ?? clientProfiles.docker.tokens), learnsFrom: 'each-401' },
    headers: { 'user-agent': 'test-client/1' },
    now: options.now ?? Date.now,
    onFact: (fact) => facts.push(fact),
  });
  const once = async (method: string, url: URL, actions: readonly Action[], signal: AbortSignal): Promise<Exchange> => {
    const authorization = await authorizer.authorization(url, actions, signal);
    return transport.exchange({ method, url, headers: authorization === undefined ? {} : { authorization }, signal });
  };
  return {
    authorizer,
    facts,
    async send(method, target, actions = ['pull', 'push'], signal = new AbortController().signal) {
      const url = new URL(target, origin);
      const first = await once(method, url, actions, signal);
      if (first.response?.status !== 401 || !(await authorizer.challenged(first, actions, signal))) return first;
      return once(method, url, actions, signal);
    },
    close: () => transport.close(),
  };
}

export interface TokenRegistryOptions {
  /** Realm of the challenge; the server's own `/token` when absent. */
  readonly realm?: string;
  readonly challenge?: (origin: string) => readonly string[];
  readonly token?: (request: SeenRequest, count: number) => Reply | Promise<Reply>;
  /** Whether the registry takes a request with this header; by default any Bearer token that `token` may have given. */
  readonly accepts?: (request: SeenRequest) => boolean;
}

/** A registry with its own token service: tokens are `token-1`, `token-2` …, each with the scopes it was asked for. */
export function serveTokenRegistry(options: TokenRegistryOptions = {}): Promise<ScriptedServer> {
  let count = 0;
  return serve((request, origin) => {
    if (request.target.startsWith('/token')) {
      count += 1;
      return options.token?.(request, count) ?? { body: { token: `token-${count}` } };
    }
    const accepts = options.accepts ?? ((one: SeenRequest) => /^Bearer token-\d+$/.test(one.authorization ?? ''));
    if (accepts(request)) return { status: 202 };
    const realm = options.realm ?? `${origin}/token`;
    const challenge = options.challenge?.(origin) ?? [`Bearer realm="${realm}",service="registry.test"`];
    return { status: 401, headers: { 'www-authenticate': challenge } };
  });
}

/** The requests to the token service among all. */
export function tokenRequests(server: ScriptedServer): SeenRequest[] {
  return server.seen.filter((request) => request.target.startsWith('/token'));
}
