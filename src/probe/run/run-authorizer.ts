import type { Transport } from '../../network/transport.ts';
import type { Authorizer } from '../../registry/auth/authorizer.ts';
import { authorizerOf, type OpenClientOptions, openTransport, type Speaker } from '../../registry/open-client.ts';
import type { Check } from '../check.ts';

/** Tokens live as long as a run, as they do in a client. */
interface RunAuthorizer {
  readonly forTransport: (transport: Transport) => Authorizer;
  close(): Promise<void>;
}

/**
 * The authorization of one run. A blob's attempts come one after the other and each asks for tokens over its own connections,
 * where the asking is timed. The layers of an image run side by side and share what was asked over a connection of its own.
 */
export function createRunAuthorizer(
  { workload }: Check,
  opening: Speaker & Pick<OpenClientOptions, 'nowMs' | 'wire'>,
  onForeignRealm: (host: string) => void,
): RunAuthorizer {
  const shared = workload.layerBytes.length > 1 ? openTransport(opening) : undefined;
  let current: Transport;
  const exchange: Transport['exchange'] = (request) => current.exchange(request);
  const authorizer = authorizerOf(opening, { exchange }, (fact) => onForeignRealm(fact.host));
  return {
    forTransport: (transport) => {
      current = shared ?? transport;
      return authorizer;
    },
    close: async () => {
      await shared?.close();
    },
  };
}
