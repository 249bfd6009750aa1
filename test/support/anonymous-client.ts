import { createRegistryClient, type RegistryClient } from '../../src/registry/registry-client.ts';
import { pathTo } from './paths.ts';
import type { Opened } from './servers.ts';

/** A client without login, without resends, that asks the registry at `origin` over real connections; closed with what else is open. */
export function anonymousClient(opened: Opened, origin: string): RegistryClient {
  const path = pathTo(origin);
  return createRegistryClient({
    path,
    repository: 'probe/blobs',
    transport: opened.transport(path),
    authorizer: { authorization: () => Promise.resolve(undefined), challenged: () => Promise.resolve(false) },
    requestHeaders: {},
    signal: new AbortController().signal,
  });
}
