import { createHash } from 'node:crypto';
import { type Exchange, header } from '../network/exchange.ts';
import { ProtocolError, type Step } from './errors.ts';
import type { Ranges } from './ranged-fetch.ts';
import type { RegistryClient } from './registry-client.ts';

/** A blob as a manifest names it. */
export interface Descriptor {
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface ImageDocument {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: string;
}

const mediaTypes = {
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
} as const;
type ManifestKind = keyof typeof mediaTypes;

/** What we accept who take any manifest or index: registries do not find one when they think that the client cannot read its type. */
export const anyManifest = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  mediaTypes.oci.manifest,
  mediaTypes.docker.manifest,
].join(', ');

/** `sha256:<hex>` of some bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** An image configuration over these layers: valid for a registry, not meant to be run. */
export function imageConfig(layers: readonly Descriptor[], createdAt: Date): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      created: createdAt.toISOString(),
      author: 'blobprobe: synthetic push, safe to delete',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
      history: layers.map(() => ({ created: createdAt.toISOString(), created_by: 'blobprobe' })),
    }),
  );
}

/** The manifest that ties config and layers together, in the media types of the client. */
export function imageManifest(kind: ManifestKind, config: Descriptor, layers: readonly Descriptor[]): ImageDocument {
  const types = mediaTypes[kind];
  const entry = (mediaType: string, { digest, sizeBytes }: Descriptor): object => ({
    mediaType,
    digest,
    size: sizeBytes,
  });
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: entry(types.config, config),
      layers: layers.map((layer) => entry(types.layer, layer)),
    }),
  );
  return { bytes, mediaType: types.manifest, digest: digestOf(bytes) };
}

/**
 * PUT of a manifest under a tag or its digest. Throws ProtocolError when the registry names another digest than the one sent
 * (`digest_differs`), or, where the client `needsDigest`, none (`digest_missing`).
 */
export async function putManifest(
  client: RegistryClient,
  reference: string,
  manifest: ImageDocument,
  needsDigest = false,
): Promise<void> {
  const exchange = await client.send({
    step: 'commit',
    method: 'PUT',
    url: client.url(`manifests/${reference}`),
    headers: { 'content-type': manifest.mediaType },
    body: { kind: 'bytes', bytes: manifest.bytes },
    actions: ['pull', 'push'],
    accepted: [201, 200, 202, 204],
  });
  if (needsDigest && header(exchange, 'docker-content-digest') === undefined) {
    const message =
      'the answer does not name the digest of the manifest (Docker-Content-Digest), and this client needs it';
    throw new ProtocolError({ step: 'commit', problem: 'digest_missing', exchange, message });
  }
  compareNamed(exchange, 'commit', manifest, 'the registry stored the manifest under another digest');
}

/** Throws ProtocolError when the answer names another digest than that of the manifest. */
function compareNamed(exchange: Exchange, step: Step, { digest }: ImageDocument, message: string): void {
  if ((header(exchange, 'docker-content-digest') ?? digest) !== digest)
    throw new ProtocolError({ step, problem: 'digest_differs', exchange, message });
}

/** HEAD of a manifest: 200, and the digest that was pushed where the registry names one. */
export async function verifyManifest(
  client: RegistryClient,
  reference: string,
  manifest: ImageDocument,
): Promise<void> {
  const exchange = await client.send({
    step: 'verify',
    method: 'HEAD',
    url: client.url(`manifests/${reference}`),
    headers: { accept: manifest.mediaType },
    actions: ['pull', 'push'],
    accepted: [200],
  });
  compareNamed(exchange, 'verify', manifest, 'another manifest is there than the one pushed');
}

/** How a client asks for a manifest by its tag. */
export interface ManifestManner {
  /** GET of the tag; or HEAD of the tag, then GET of the digest that it names. */
  readonly manifest: 'get' | 'head-then-get';
  readonly manifestAccept: string;
  /** What it accepts when it asks by digest, and so knows the media type; undefined: the same. */
  readonly acceptByDigest?: (mediaType: string) => string;
  /** It asks for everything by ranges; undefined: for nothing. */
  readonly ranges?: Ranges;
}

/**
 * The manifest by its tag, compared with the one pushed. Returns its size. Throws ProtocolError (`digest_differs`, `length_wrong`) when
 * another one came, NetworkError when it was cut short.
 */
export async function pullManifest(
  client: RegistryClient,
  tag: string,
  pushed: ImageDocument,
  { manifest, manifestAccept, acceptByDigest, ranges }: ManifestManner,
): Promise<number> {
  const request = {
    step: 'pull',
    headers: { accept: manifestAccept, 'accept-encoding': 'identity' },
    actions: ['pull'],
    accepted: [200],
  } as const;
  if (manifest === 'head-then-get')
    await client.send({ ...request, method: 'HEAD', url: client.url(`manifests/${tag}`) });
  const hash = createHash('sha256');
  let bytes = 0;
  const accept = manifest === 'get' ? manifestAccept : (acceptByDigest?.(pushed.mediaType) ?? manifestAccept);
  const exchange = await client.send({
    ...request,
    headers: { ...request.headers, accept, ...(ranges === undefined ? {} : { range: 'bytes=0-' }) },
    accepted: ranges === undefined ? [200] : [200, 206],
    method: 'GET',
    url: client.url(`manifests/${manifest === 'get' ? tag : pushed.digest}`),
    responseLimitBytes: mostManifestBytes,
    onResponseChunk(chunk) {
      hash.update(chunk);
      bytes += chunk.byteLength;
    },
  });
  if (exchange.error !== undefined && exchange.error.code !== 'BODY_TOO_LONG') throw exchange.error;
  const message = `the manifest that came has ${bytes} bytes of ${pushed.bytes.byteLength}`;
  if (bytes !== pushed.bytes.byteLength)
    throw new ProtocolError({ step: 'pull', problem: 'length_wrong', exchange, message });
  if (`sha256:${hash.digest('hex')}` !== pushed.digest)
    throw new ProtocolError({ step: 'pull', problem: 'digest_differs', exchange, message: 'another manifest came' });
  return bytes;
}

/** Ours has a few hundred bytes a layer; more is none of ours. */
const mostManifestBytes = 4 * 1024 * 1024;
