import type { Exchange } from '../network/exchange.ts';
import type { RegistryClient } from './registry-client.ts';

/** Deletes a blob; 404 is an answer. Throws ProtocolError with 405 where deletion is switched off. */
export function deleteBlob(client: RegistryClient, digest: string): Promise<Exchange> {
  return remove(client, `blobs/${digest}`);
}

/** Deletes a manifest by digest; 404 is an answer. */
export function deleteManifest(client: RegistryClient, digest: string): Promise<Exchange> {
  return remove(client, `manifests/${digest}`);
}

function remove(client: RegistryClient, rest: string): Promise<Exchange> {
  return client.send({
    step: 'cleanup',
    method: 'DELETE',
    url: client.url(rest),
    actions: ['pull', 'push', 'delete'],
    accepted: [202, 200, 204, 404],
  });
}
