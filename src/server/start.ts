import type { FastifyInstance } from 'fastify';
import type { ServerDeps } from './deps.ts';
import { type ListenAddress, type Listening, listenOn } from './listen.ts';
import { createTlsServer } from './tls-server.ts';

/**
 * Serves `app` on all addresses, with TLS when the web configuration has it. Closing it closes the app too. Throws when
 * an address cannot be had, or a certificate is wrong.
 */
export async function startServer(
  app: FastifyInstance,
  addresses: readonly ListenAddress[],
  web?: Pick<ServerDeps, 'webConfig' | 'log'>,
): Promise<Listening> {
  await app.ready();
  const source = web?.webConfig;
  const listening = await listenOn({
    addresses,
    handler: (request, response) => app.routing(request, response),
    makeServer:
      web === undefined || source?.().tls === undefined
        ? undefined
        : (handler) => createTlsServer(handler, source, web.log),
  });
  return {
    addresses: listening.addresses,
    async close(graceMs) {
      await listening.close(graceMs);
      await app.close();
    },
  };
}
