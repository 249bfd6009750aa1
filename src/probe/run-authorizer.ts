import { createTransport, type Transport, transportDefaults } from '../network/transport.ts';
import { type Authorizer, createAuthorizer } from '../registry/authorizer.ts';
import { tokenBehaviours } from '../registry/token-behaviour.ts';
import type { Check } from './check.ts';
import type { ClientProfile } from './client-profile.ts';
import type { RunDeps } from './deps.ts';

/** Tokens live as long as a run, as they do in a client. */
export interface RunAuthorizer {
  readonly forTransport: (transport: Transport) => Authorizer;
  close(): Promise<void>;
}

/**
 * The authorization of one run. A blob's attempts come one after the other and each asks for tokens over its own connections,
 * where the asking is timed. The layers of an image run side by side and share what was asked over a connection of its own.
 */
export function createRunAuthorizer(
  check: Check,
  deps: RunDeps,
  told: {
    readonly onForeignRealm: (host: string) => void;
    /** Credentials and tokens as they are about to be sent, for what answers may repeat. */
    readonly onSecret: (secret: string) => void;
  },
): RunAuthorizer {
  const { path, registry, client } = check;
  const shared = check.workload.layerBytes.length > 1 ? tokenTransport(check, deps) : undefined;
  let current = shared;
  const authorizer = createAuthorizer({
    path,
    target: registry,
    transport: {
      exchange: (request) =>
        current === undefined ? Promise.reject(new Error('no transport yet')) : current.exchange(request),
    },
    tokenBehaviour: tokenBehaviours[client.name],
    headers: tokenHeaders(client),
    now: () => Date.now(),
    onFact: (fact) => told.onForeignRealm(fact.host),
    onSecret: told.onSecret,
  });
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

/** Of what the client sends to a registry the token service gets its name, and what Go's transport adds everywhere. */
function tokenHeaders({ userAgent, requestHeaders }: ClientProfile): Readonly<Record<string, string>> {
  const coding = requestHeaders['accept-encoding'];
  return { 'user-agent': userAgent, ...(coding === undefined ? {} : { 'accept-encoding': coding }) };
}

function tokenTransport(check: Check, deps: RunDeps): Transport {
  const now = (): number => deps.clock.nowMs();
  const { httpVersion } = check.client;
  return createTransport(check.path, { ...transportDefaults, httpVersion, now, wire: deps.wire });
}
