import { type Hash, createHash, randomUUID } from 'node:crypto';

type DigestAlgorithm = 'sha256' | 'sha512';

/** An open upload session. */
export interface Upload {
  readonly id: string;
  readonly repository: string;
  readonly algorithm: DigestAlgorithm;
  hash: Hash;
  sizeBytes: number;
  /** Kept bytes; undefined when bytes are discarded. */
  chunks: Buffer[] | undefined;
  /** A PATCH without Content-Range has been written. */
  streamed: boolean;
  /** See `afterBrokenPatch: 'poisoned'`. */
  poisoned: boolean;
  touchedAtMs: number;
}

export interface StoredBlob {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly chunks: readonly Buffer[] | undefined;
  readonly repositories: Set<string>;
  readonly committedAtMs: number;
}

export interface StoredManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly subject: string | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** Blobs it names. */
  readonly blobs: readonly string[];
}

interface RepositoryContent {
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, string>;
}

interface StoreLimits {
  readonly keepsBytes: boolean;
  readonly keptBytesLimit: number;
  /** The oldest session makes room for a new one beyond this number. */
  readonly maxUploads: number;
  /** Sessions untouched for so long are purged when the next one is opened. */
  readonly uploadLifetimeMs: number;
  /** The same for blobs that no manifest names. */
  readonly blobLifetimeMs: number;
}

/** What the registry holds, all of it in memory and bounded. */
export class Store {
  readonly uploads = new Map<string, Upload>();
  readonly blobs = new Map<string, StoredBlob>();
  readonly repositories = new Map<string, RepositoryContent>();
  readonly #limits: StoreLimits;
  #keptBytes = 0;
  #committedBytes = 0;

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  /** Blob bytes held in memory, committed or not. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Sum of the sizes of committed blobs, kept or discarded. */
  get committedBytes(): number {
    return this.#committedBytes;
  }

  openUpload(repository: string, algorithm: DigestAlgorithm): Upload {
    this.#purgeUploads();
    this.#purgeBlobs();
    const upload = newUpload(repository, algorithm, this.#limits.keepsBytes);
    this.uploads.set(upload.id, upload);
    return upload;
  }

  closeUpload(upload: Upload): void {
    if (this.uploads.delete(upload.id)) this.#release(upload.chunks);
    upload.chunks = upload.chunks && [];
  }

  /** false: keeping the bytes would pass the limit. */
  append(upload: Upload, chunk: Buffer): boolean {
    upload.touchedAtMs = performance.now();
    if (upload.chunks && this.uploads.has(upload.id)) {
      if (this.#keptBytes + chunk.length > this.#limits.keptBytesLimit) return false;
      this.#keptBytes += chunk.length;
      // A small chunk can be a view of a large read buffer, which it would hold in memory.
      upload.chunks.push(chunk.length * 2 < chunk.buffer.byteLength ? Buffer.from(chunk) : chunk);
    }
    upload.hash.update(chunk);
    upload.sizeBytes += chunk.length;
    return true;
  }

  /** Makes the session's bytes a blob of its repository and ends the session. */
  commit(upload: Upload, digest: string): void {
    this.repository(upload.repository);
    this.uploads.delete(upload.id);
    const known = this.blobs.get(digest);
    if (known) {
      this.#release(upload.chunks);
      known.repositories.add(upload.repository);
      return;
    }
    const { sizeBytes, chunks } = upload;
    const repositories = new Set([upload.repository]);
    this.blobs.set(digest, { digest, sizeBytes, chunks, repositories, committedAtMs: performance.now() });
    this.#committedBytes += sizeBytes;
  }

  /** Removes the blob from the repository; false when it was not there. */
  deleteBlob(repository: string, digest: string): boolean {
    const blob = this.blobs.get(digest);
    if (!blob?.repositories.delete(repository)) return false;
    if (blob.repositories.size === 0) {
      this.blobs.delete(digest);
      this.#committedBytes -= blob.sizeBytes;
      this.#release(blob.chunks);
    }
    return true;
  }

  /** The content of a repository, which exists from now on. */
  repository(name: string): RepositoryContent {
    const known = this.repositories.get(name);
    if (known) return known;
    const content: RepositoryContent = { manifests: new Map(), tags: new Map() };
    this.repositories.set(name, content);
    return content;
  }

  #purgeUploads(): void {
    const oldest = performance.now() - this.#limits.uploadLifetimeMs;
    for (const upload of this.uploads.values())
      if (upload.touchedAtMs < oldest || this.uploads.size >= this.#limits.maxUploads) this.closeUpload(upload);
  }

  #purgeBlobs(): void {
    const oldest = performance.now() - this.#limits.blobLifetimeMs;
    const old = [...this.blobs.values()].filter((blob) => blob.committedAtMs < oldest);
    if (old.length === 0) return;
    const manifests = [...this.repositories.values()].flatMap((content) => [...content.manifests.values()]);
    const named = new Set(manifests.flatMap((manifest) => manifest.blobs));
    for (const { digest, repositories } of old) {
      if (named.has(digest)) continue;
      for (const name of repositories) this.deleteBlob(name, digest);
    }
  }

  #release(chunks: readonly Buffer[] | undefined): void {
    for (const chunk of chunks ?? []) this.#keptBytes -= chunk.length;
  }
}

function newUpload(repository: string, algorithm: DigestAlgorithm, keepsBytes: boolean): Upload {
  return {
    id: randomUUID(),
    repository,
    algorithm,
    hash: createHash(algorithm),
    sizeBytes: 0,
    chunks: keepsBytes ? [] : undefined,
    streamed: false,
    poisoned: false,
    touchedAtMs: performance.now(),
  };
}

const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The algorithm of a well-formed digest, or undefined. */
export function digestAlgorithm(digest: string): DigestAlgorithm | undefined {
  if (!digestPattern.test(digest)) return undefined;
  return digest.startsWith('sha512') ? 'sha512' : 'sha256';
}
