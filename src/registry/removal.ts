import type { RegistryClient } from './registry-client.ts';

/**
 * Cancels an upload session (DELETE). 404 is as good: distribution drops a session itself after a failed commit.
 * Distribution and Harbor want the action `delete` in the token for it.
 */
export async function cancelUpload(client: RegistryClient, location: URL): Promise<void> {
  await client.send({
    step: 'cleanup',
    method: 'DELETE',
    url: location,
    actions: ['pull', 'push', 'delete'],
    accepted: [204, 202, 200, 404],
  });
}

/** Deletes a blob. Throws ProtocolError with 405 where deletion is switched off. */
export async function deleteBlob(client: RegistryClient, digest: string): Promise<void> {
  await remove(client, `blobs/${digest}`);
}

/** Deletes a manifest by digest. */
export async function deleteManifest(client: RegistryClient, digest: string): Promise<void> {
  await remove(client, `manifests/${digest}`);
}

async function remove(client: RegistryClient, rest: string): Promise<void> {
  await client.send({
    step: 'cleanup',
    method: 'DELETE',
    url: client.url(rest),
    actions: ['pull', 'push', 'delete'],
    accepted: [202, 200, 204, 404],
  });
}
