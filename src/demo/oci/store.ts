import type { Hash } from 'node:crypto';
import { createHash, randomUUID } from 'node:crypto';

export type DigestAlgorithm = 'sha256' | 'sha512';

/** An open upload session. */
export interface Upload {
  readonly id: string;
  readonly repository: string;
  readonly startedAt: Date;
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
}

export interface StoredManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly subject: string | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

export interface RepositoryContent {
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, string>;
}

/** What the registry holds. All of it in memory; `keptBytes` counts blob bytes, committed or not. */
export interface Store {
  readonly uploads: Map<string, Upload>;
  readonly blobs: Map<string, StoredBlob>;
  readonly repositories: Map<string, RepositoryContent>;
  readonly keptBytes: number;
  /** Sum of the sizes of committed blobs, kept or discarded. */
  readonly committedBytes: number;
  openUpload(repository: string, algorithm: DigestAlgorithm): Upload;
  closeUpload(upload: Upload): void;
  /** false: keeping the bytes would pass the limit. */
  append(upload: Upload, chunk: Buffer): boolean;
  /** Makes the session's bytes a blob of its repository and closes the session. */
  commit(upload: Upload, digest: string): StoredBlob;
  /** Removes the blob from the repository; false when it was not there. */
  deleteBlob(repository: string, digest: string): boolean;
  repository(name: string): RepositoryContent;
}

export interface StoreLimits {
  readonly keepsBytes: boolean;
  readonly keptBytesLimit: number;
  /** The oldest session makes room for a new one beyond this number. */
  readonly maxUploads: number;
  /** Sessions untouched for so long are purged when the next one is opened. */
  readonly uploadLifetimeMs: number;
}

export function createStore(limits: StoreLimits): Store {
  const uploads = new Map<string, Upload>();
  const blobs = new Map<string, StoredBlob>();
  const repositories = new Map<string, RepositoryContent>();
  let keptBytes = 0;
  let committedBytes = 0;

  function release(chunks: readonly Buffer[] | undefined): void {
    for (const chunk of chunks ?? []) keptBytes -= chunk.length;
  }
  function closeUpload(upload: Upload): void {
    if (uploads.delete(upload.id)) release(upload.chunks);
    upload.chunks = limits.keepsBytes ? [] : undefined;
  }
  function purge(): void {
    const oldest = performance.now() - limits.uploadLifetimeMs;
    for (const upload of uploads.values()) {
      if (upload.touchedAtMs < oldest || uploads.size >= limits.maxUploads) closeUpload(upload);
    }
  }
  function repository(name: string): RepositoryContent {
    const known = repositories.get(name);
    if (known) return known;
    const content = { manifests: new Map(), tags: new Map() };
    repositories.set(name, content);
    return content;
  }

  return {
    uploads,
    blobs,
    repositories,
    get keptBytes() {
      return keptBytes;
    },
    get committedBytes() {
      return committedBytes;
    },
    repository,
    closeUpload,
    openUpload(name, algorithm) {
      purge();
      const upload = newUpload(name, algorithm, limits.keepsBytes);
      uploads.set(upload.id, upload);
      return upload;
    },
    append(upload, chunk) {
      upload.touchedAtMs = performance.now();
      if (upload.chunks && uploads.has(upload.id)) {
        if (keptBytes + chunk.length > limits.keptBytesLimit) return false;
        keptBytes += chunk.length;
        upload.chunks.push(chunk);
      }
      upload.hash.update(chunk);
      upload.sizeBytes += chunk.length;
      return true;
    },
    commit(upload, digest) {
      repository(upload.repository);
      uploads.delete(upload.id);
      const known = blobs.get(digest);
      if (known) {
        release(upload.chunks);
        known.repositories.add(upload.repository);
        return known;
      }
      const { sizeBytes, chunks } = upload;
      const blob = { digest, sizeBytes, chunks, repositories: new Set([upload.repository]) };
      blobs.set(digest, blob);
      committedBytes += sizeBytes;
      return blob;
    },
    deleteBlob(name, digest) {
      const blob = blobs.get(digest);
      if (!blob?.repositories.delete(name)) return false;
      if (blob.repositories.size === 0) {
        blobs.delete(digest);
        committedBytes -= blob.sizeBytes;
        release(blob.chunks);
      }
      return true;
    },
  };
}

function newUpload(repository: string, algorithm: DigestAlgorithm, keepsBytes: boolean): Upload {
  return {
    id: randomUUID(),
    repository,
    startedAt: new Date(),
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
