import type { FastifyInstance } from 'fastify';
import { type ListenAddress, type Listening, listenOn } from './listen.ts';

/** Serves `app` on all addresses. Closing it closes the app too. */
export async function startServer(app: FastifyInstance, addresses: readonly ListenAddress[]): Promise<Listening> {
  await app.ready();
  const listening = await listenOn({ addresses, handler: (request, response) => app.routing(request, response) });
  return {
    addresses: listening.addresses,
    async close(graceMs) {
      await listening.close(graceMs);
      await app.close();
    },
  };
}
