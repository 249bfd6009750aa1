import { createHash } from 'node:crypto';
import { type RegistryCall, locationOf, readWhole, refuseInText, sendEmpty, sendError, sendJson } from './call.ts';
import { type StoredManifest, digestAlgorithm } from './store.ts';

/** The specification asks for at least 4 MB. */
const maxManifestBytes = 4 * 1024 * 1024;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

interface Descriptor {
  readonly digest?: unknown;
  readonly urls?: unknown;
}
interface ManifestJson {
  readonly mediaType?: unknown;
  readonly artifactType?: unknown;
  readonly config?: Descriptor & { readonly mediaType?: unknown };
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** PUT of a manifest by tag or digest (end-7). */
export async function putManifest(call: RegistryCall, repository: string, reference: string): Promise<void> {
  const bytes = await readWhole(call, maxManifestBytes);
  if (bytes === 'refused') return sendError(call, 413, 'SIZE_INVALID', { limit: maxManifestBytes });
  if (bytes === 'broken') return;
  const byDigest = reference.includes(':');
  const algorithm = byDigest ? digestAlgorithm(reference) : 'sha256';
  if (!algorithm) return sendError(call, 400, 'DIGEST_INVALID', { reference });
  if (!byDigest && !tagPattern.test(reference)) return sendError(call, 400, 'TAG_INVALID', { reference });
  const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
  if (byDigest && digest !== reference) return sendError(call, 400, 'DIGEST_INVALID', { reference });
  const json = parseManifest(bytes);
  if (!json) return sendError(call, 400, 'MANIFEST_INVALID');
  const missing = missingReference(call, repository, json);
  if (missing !== undefined) return sendError(call, 404, 'MANIFEST_BLOB_UNKNOWN', { digest: missing });

  const content = call.store.repository(repository);
  const manifest = describe(call, json, digest, bytes);
  content.manifests.set(digest, manifest);
  const tags = [...(byDigest ? [] : [reference]), ...call.url.searchParams.getAll('tag')];
  for (const tag of tags) content.tags.set(tag, digest);
  sendEmpty(call, 201, {
    Location: locationOf(call, `/v2/${repository}/manifests/${digest}`),
    'Docker-Content-Digest': digest,
    ...(manifest.subject === undefined ? {} : { 'OCI-Subject': manifest.subject }),
    ...(tags.length > 0 && byDigest ? { 'OCI-Tag': tags.join(',') } : {}),
  });
}

/** GET and HEAD of a manifest (end-3). */
export function readManifest(call: RegistryCall, repository: string, reference: string): void {
  const manifest = find(call, repository, reference);
  if (!manifest) return sendError(call, 404, 'MANIFEST_UNKNOWN', { reference });
  const headers = {
    'Content-Type': manifest.mediaType,
    'Content-Length': String(manifest.bytes.length),
    'Docker-Content-Digest': manifest.digest,
    ETag: `"${manifest.digest}"`,
  };
  call.response.writeHead(200, headers).end(call.request.method === 'HEAD' ? undefined : manifest.bytes);
}

/** DELETE of a tag or of a manifest with all its tags (end-9). */
export function deleteManifest(call: RegistryCall, repository: string, reference: string): void {
  if (call.settings.quirks.deletion === 'disabled') return sendError(call, 405, 'UNSUPPORTED');
  const content = call.store.repositories.get(repository);
  const known = reference.includes(':') ? content?.manifests.delete(reference) : content?.tags.delete(reference);
  if (!content || known !== true) return sendError(call, 404, 'MANIFEST_UNKNOWN', { reference });
  for (const [tag, digest] of content.tags) if (digest === reference) content.tags.delete(tag);
  sendEmpty(call, 202);
}

/** GET of the manifests that name this digest as their subject (end-12). */
export function listReferrers(call: RegistryCall, repository: string, digest: string): void {
  if (!call.settings.quirks.referrers) return refuseInText(call, 404, '404 page not found');
  if (!digestAlgorithm(digest)) return sendError(call, 400, 'DIGEST_INVALID', { digest });
  const wanted = call.url.searchParams.get('artifactType');
  const manifests = [...(call.store.repositories.get(repository)?.manifests.values() ?? [])]
    .filter((manifest) => manifest.subject === digest && (wanted === null || manifest.artifactType === wanted))
    .map(({ mediaType, bytes, digest, artifactType, annotations }) => {
      return { mediaType, size: bytes.length, digest, artifactType, annotations };
    });
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const filters: Record<string, string> = wanted === null ? {} : { 'OCI-Filters-Applied': 'artifactType' };
  sendJson(call, 200, { schemaVersion: 2, mediaType, manifests }, { 'Content-Type': mediaType, ...filters });
}

/** GET of the tags (end-8) in lexical order, paged by `n` and `last`. */
export function listTags(call: RegistryCall, repository: string): void {
  const content = call.store.repositories.get(repository);
  if (!content) return sendError(call, 404, 'NAME_UNKNOWN', { name: repository });
  sendPage(call, [...content.tags.keys()], (tags) => ({ name: repository, tags }));
}

/** GET /v2/_catalog: the repositories; not in the OCI specification, but in the Docker Registry API it came from. */
export function listRepositories(call: RegistryCall): void {
  sendPage(call, [...call.store.repositories.keys()], (repositories) => ({ repositories }));
}

function sendPage(call: RegistryCall, names: string[], bodyOf: (page: string[]) => unknown): void {
  const { searchParams, pathname } = call.url;
  const asked = searchParams.get('n');
  const n = asked === null ? 100 : Number(asked);
  if (!Number.isInteger(n) || n < 0) return sendError(call, 400, 'PAGINATION_NUMBER_INVALID', { n: asked });
  const last = searchParams.get('last') ?? '';
  const rest = names.filter((name) => name > last).sort();
  const page = rest.slice(0, n);
  const more = page.length > 0 && page.length < rest.length;
  const next = `${pathname}?n=${n}&last=${encodeURIComponent(page.at(-1) ?? '')}`;
  sendJson(call, 200, bodyOf(page), more ? { Link: `<${locationOf(call, next)}>; rel="next"` } : {});
}

function find(call: RegistryCall, repository: string, reference: string): StoredManifest | undefined {
  const content = call.store.repositories.get(repository);
  const digest = reference.includes(':') ? reference : content?.tags.get(reference);
  return digest === undefined ? undefined : content?.manifests.get(digest);
}

function parseManifest(bytes: Buffer): ManifestJson | undefined {
  try {
    const json: unknown = JSON.parse(bytes.toString());
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** Digests of config and layers; layers with `urls` are kept elsewhere. */
function blobsOf(json: ManifestJson): string[] {
  const descriptors = [json.config, ...(Array.isArray(json.layers) ? json.layers : [])];
  return descriptors.flatMap((one) =>
    typeof one?.digest === 'string' && !Array.isArray(one.urls) ? [one.digest] : [],
  );
}

/** The first digest the manifest needs and the repository has not. */
function missingReference(call: RegistryCall, repository: string, json: ManifestJson): string | undefined {
  for (const digest of blobsOf(json)) if (!call.store.blobs.get(digest)?.repositories.has(repository)) return digest;
  for (const descriptor of Array.isArray(json.manifests) ? json.manifests : [])
    if (typeof descriptor.digest === 'string' && !find(call, repository, descriptor.digest)) return descriptor.digest;
  return undefined;
}

function describe(call: RegistryCall, json: ManifestJson, digest: string, bytes: Buffer): StoredManifest {
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    digest,
    bytes,
    mediaType: call.request.headers['content-type'] ?? text(json.mediaType) ?? 'application/octet-stream',
    subject: text(json.subject?.digest),
    artifactType: text(json.artifactType) ?? text(json.config?.mediaType),
    annotations: json.annotations,
    blobs: blobsOf(json),
  };
}
