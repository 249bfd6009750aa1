import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { NetworkError } from './errors.ts';
import { errorCode } from './resolve.ts';
import type { HttpProxy } from './path.ts';

/**
 * Asks an HTTP proxy, over an open socket to it, for a tunnel to `host:port` (RFC 9110 section 9.3.6).
 * Resolves with the socket, which then speaks to the far end. Throws NetworkError with stage `proxy` and the proxy's
 * status as code (`PROXY_407`).
 */
export async function openTunnel(socket: Socket, proxy: HttpProxy, authority: string): Promise<Socket> {
  const headers: Record<string, string> = { host: authority };
  if (proxy.username !== undefined) {
    const pair = `${proxy.username}:${proxy.password?.reveal() ?? ''}`;
    headers['proxy-authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return new Promise((resolve, reject) => {
    const fail = (code: string, cause?: unknown): void => {
      socket.destroy();
      reject(
        new NetworkError({
          stage: 'proxy',
          code,
          message: `proxy ${proxy.host}:${proxy.port} gave no tunnel: ${code}`,
          cause,
        }),
      );
    };
    const request = httpRequest({
      method: 'CONNECT',
      path: authority,
      headers,
      // With `agent: false` Node would make an agent, and that would not ask for the socket here but open one of its own.
      createConnection: () => socket,
    });
    request.once('connect', (response, tunnel: Socket, head: Buffer) => {
      const status = response.statusCode ?? 0;
      if (status < 200 || status > 299) {
        fail(`PROXY_${status}`);
        return;
      }
      if (head.length > 0) {
        tunnel.unshift(head);
      }
      resolve(tunnel);
    });
    request.once('response', (response) => fail(`PROXY_${response.statusCode ?? 0}`));
    request.once('error', (error) => fail(errorCode(error) ?? 'PROXY_FAILED', error));
    request.end();
  });
}
