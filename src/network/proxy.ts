import { type IncomingMessage, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { AnswerHead } from './answer-head.ts';
import { type Exchange, type HttpResponse, NetworkError } from './exchange.ts';
import type { HttpProxy, NetworkPath } from './path.ts';
import { codeOf, messageOf } from './errors.ts';

/** Of the page with which a proxy refuses; and how long the rest of it is waited for. */
const keptBytes = 4_096;
const bodyWaitMs = 500;

/** The proxy of a path for requests to this URL: where the environment chooses, by the URL. Throws NetworkError (stage `proxy`). */
export function proxyFor(path: NetworkPath, url: URL): HttpProxy | undefined {
  if (path.environmentProxy === undefined) return path.proxy;
  try {
    return path.environmentProxy(url);
  } catch (error) {
    const message = messageOf(error);
    throw new NetworkError({ stage: 'proxy', code: 'PROXY_UNUSABLE', message, cause: error });
  }
}

/** Value of Proxy-Authorization; undefined: this proxy wants none. */
export function proxyAuthorization({ username, password }: HttpProxy): string | undefined {
  if (username === undefined) return undefined;
  return `Basic ${Buffer.from(`${username}:${password?.reveal() ?? ''}`).toString('base64')}`;
}

/**
 * Asks an HTTP proxy, over an open socket to it, for a tunnel to `host:port` (RFC 9110 section 9.3.6).
 * Resolves with the socket, which then speaks to the far end. Throws NetworkError with stage `proxy`, the proxy's
 * status as code (`PROXY_407`) and what it answered.
 */
export async function openTunnel(socket: Socket, proxy: HttpProxy, authority: string): Promise<Socket> {
  const authorization = proxyAuthorization(proxy);
  const headers = {
    host: authority,
    ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
  };
  // Node takes a 1xx for the answer to CONNECT; it is none (RFC 9110, 15.2).
  new AnswerHead(socket).expect();
  return new Promise((resolve, reject) => {
    const fail = (code: string, cause?: unknown, proxyAnswer?: HttpResponse): void => {
      socket.destroy();
      const message = `proxy ${proxy.host}:${proxy.port} gave no tunnel: ${code}`;
      reject(new NetworkError({ stage: 'proxy', code, message, cause, proxyAnswer }));
    };
    const refuse = (response: IncomingMessage, head: Buffer): void =>
      void refusal(response, socket, head).then((answer) => fail(`PROXY_${answer.status}`, undefined, answer));
    const request = httpRequest({
      method: 'CONNECT',
      path: authority,
      headers,
      // With `agent: false` Node would make an agent, and that would not ask for the socket here but open one of its own.
      createConnection: () => socket,
    });
    request.once('connect', (response, tunnel: Socket, head: Buffer) => {
      const status = response.statusCode ?? 0;
      if (status < 200 || status > 299) return refuse(response, head);
      tunnel.unshift(head);
      resolve(tunnel);
    });
    request.once('error', (error) => fail(codeOf(error), error));
    request.end();
  });
}

/** The exchange with a proxy that is spoken to itself; a 407 is its own (RFC 9110, 15.5.8), and so no answer of the registry. */
export function unlessRefused({ host, port }: HttpProxy, exchange: Exchange): Exchange {
  const { response } = exchange;
  if (response?.status !== 407) return exchange;
  const message = `proxy ${host}:${port} passed nothing on: PROXY_407`;
  const error = new NetworkError({ stage: 'proxy', code: 'PROXY_407', message, proxyAnswer: response });
  const refused = { ...exchange, response: undefined, error };
  error.exchange = refused;
  return refused;
}

/** The answer with the beginning of its body, which Node leaves on the socket after a CONNECT. */
async function refusal(response: IncomingMessage, socket: Socket, head: Buffer): Promise<HttpResponse> {
  const declared = Number(response.headers['content-length'] ?? Number.POSITIVE_INFINITY);
  const chunks = [head];
  let bytes = head.length;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, bodyWaitMs);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const enough = (): boolean => bytes >= Math.min(declared, keptBytes);
    if (enough()) return end();
    socket.on('error', end).on('close', end);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (enough()) end();
    });
    socket.resume();
  });
  const headers = { ...response.headersDistinct } as HttpResponse['headers'];
  const body = Buffer.concat(chunks).subarray(0, keptBytes);
  return { status: response.statusCode ?? 0, headers, body, bodyBytes: bytes, complete: bytes >= declared };
}
