import { createHash } from 'node:crypto';
import type { Exchange } from '../network/exchange.ts';
import { ProtocolError } from './errors.ts';
import { nextLocation } from './location.ts';
import type { Descriptor } from './manifest.ts';
import type { RegistryClient } from './registry-client.ts';

const redirects = [301, 302, 303, 307, 308] as const;
/** Registries send readers of blobs to their storage: once, sometimes twice. */
const maxRedirects = 3;
/** What may come beyond the size of the blob before the pull ends: enough to prove that it is longer. */
const surplusBytes = 64 * 1024;

/**
 * GET of a blob, hashed as it comes, in constant memory, at most 64 KiB beyond its size. Returns its size. Redirects are followed to hosts that the path
 * allows, and seen: each is an exchange of its own. Throws ProtocolError (`digest_differs`, `length_wrong`) when what came back
 * is not what was pushed, NetworkError when it was cut short.
 */
export async function pullBlob(
  client: RegistryClient,
  blob: Descriptor,
  onBytes: (count: number) => void,
): Promise<number> {
  return pull(client, client.url(`blobs/${blob.digest}`), {}, blob, onBytes);
}

/** GET of a manifest by tag, compared with the one pushed. */
export async function pullManifest(
  client: RegistryClient,
  tag: string,
  manifest: Descriptor & { readonly mediaType: string },
): Promise<number> {
  return pull(client, client.url(`manifests/${tag}`), { accept: manifest.mediaType }, manifest, () => {});
}

async function pull(
  client: RegistryClient,
  url: URL,
  headers: Readonly<Record<string, string>>,
  expected: Descriptor,
  onBytes: (count: number) => void,
): Promise<number> {
  const hash = createHash('sha256');
  let bytes = 0;
  const takes = {
    responseLimitBytes: expected.sizeBytes + surplusBytes,
    onResponseChunk(chunk: Uint8Array): void {
      hash.update(chunk);
      bytes += chunk.byteLength;
      onBytes(chunk.byteLength);
    },
  };
  const exchange = await get(client, url, headers, takes);
  const facts = { step: 'pull', exchange } as const;
  if (bytes !== expected.sizeBytes) {
    const more = exchange.error === undefined ? '' : ', and more came';
    const message = `pulled ${bytes} bytes of ${expected.sizeBytes}${more}`;
    throw new ProtocolError({ ...facts, problem: 'length_wrong', message });
  }
  if (`sha256:${hash.digest('hex')}` !== expected.digest) {
    throw new ProtocolError({ ...facts, problem: 'digest_differs', message: 'pulled bytes have another digest' });
  }
  return bytes;
}

async function get(
  client: RegistryClient,
  from: URL,
  headers: Readonly<Record<string, string>>,
  takes: { readonly responseLimitBytes: number; readonly onResponseChunk: (chunk: Uint8Array) => void },
): Promise<Exchange> {
  let url = from;
  for (let hops = 0; ; hops += 1) {
    const exchange = await client.send({
      step: 'pull',
      method: 'GET',
      url,
      // The stored bytes are wanted, not a re-encoding of them: the digest is over what is stored.
      headers: { 'accept-encoding': 'identity', ...headers },
      actions: ['pull'],
      accepted: hops < maxRedirects ? [200, ...redirects] : [200],
      ...takes,
    });
    if (exchange.response?.status === 200) {
      // Too long is what is wrong with it, not that we stopped reading.
      if (exchange.error !== undefined && exchange.error.code !== 'BODY_TOO_LONG') {
        throw exchange.error;
      }
      return exchange;
    }
    url = nextLocation(client.path, exchange, 'pull');
  }
}
