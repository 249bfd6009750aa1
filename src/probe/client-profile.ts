import type { ResendPolicy } from '../registry/resend.ts';
import type { Failure } from './failure.ts';

export const clientNames = [
  'docker',
  'docker-containerd',
  'buildkit',
  'containerd',
  'crane',
  'skopeo',
  'podman',
  'regctl',
  'oras',
  'chunked',
  'monolithic',
] as const;
export type ClientName = (typeof clientNames)[number];

/** How the bytes of a blob go over the wire. */
export type WireShape =
  /** PATCH with Transfer-Encoding: chunked, then an empty PUT. */
  | 'patch-streamed'
  /** PATCH with Content-Length, then an empty PUT. */
  | 'patch-length'
  /** One PUT with Content-Length. */
  | 'put-length'
  /** regctl: one PUT with Content-Length and, when that fails for whatever reason, ranged PATCHes on the same session. */
  | 'put-then-ranged'
  /** PATCHes with Content-Range and Content-Length, then an empty PUT. */
  | 'patch-ranged'
  /** One POST with the digest and Content-Length. */
  | 'post-length';

/** When and how long to wait before a new attempt. Data and pure functions only; `probe/run.ts` is the only place that waits. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  /** Milliseconds to wait after attempt `attempt` (from 1) failed; `random` in [0, 1) feeds the jitter. */
  readonly delayMs: (attempt: number, random: number) => number;
  readonly retries: (failure: Failure) => boolean;
}

/** The exact wire behaviour of a client: data, each field as the client's source has it. */
export interface ClientProfile {
  readonly name: ClientName;
  /** The source this row was read from. */
  readonly source: string;
  readonly userAgent: string;
  readonly httpVersion: '1.1' | 'h2-if-offered';
  /** GET /v2/ before anything else, to learn the auth challenge: once, or each time it tries again. */
  readonly ping: boolean | 'each-attempt';
  /** HEAD of the blob before it is sent; some clients ask twice over. */
  readonly headBefore: boolean | 'twice';
  readonly headAfter: boolean;
  readonly shape: WireShape;
  /** Bytes of one write while streaming; for chunked framing this is the size of a chunk frame. */
  readonly writeBytes: number;
  /** Bytes of one PATCH, for `patch-ranged`. */
  readonly chunkBytes?: number;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly headHeaders?: Readonly<Record<string, string>>;
  readonly postHeaders: Readonly<Record<string, string>>;
  readonly putHeaders: Readonly<Record<string, string>>;
  /** The client reads the Range of a PATCH answer and fails without it. */
  readonly checksRange: boolean;
  /** Longest wait for response headers; undefined: the client waits for ever. */
  readonly responseHeaderTimeoutMs?: number | undefined;
  readonly retry: RetryPolicy;
  /** What the client sends again within an attempt, on the same session. */
  readonly resend?: ResendPolicy;
  /** Sends a body again after a 401; the others' streams are consumed by then. */
  readonly resendsBody: boolean;
  /** POST with `mount=<digest>` and no `from` first; its session is used when the registry has no such blob. */
  readonly anonymousMount: boolean;
  /** What is different for the config of an image, a blob of a few hundred bytes that the client has in memory. */
  readonly configBlob?: Partial<Pick<ClientProfile, 'headBefore' | 'shape'>>;
  /** Media types of the manifests it pushes. */
  readonly manifest: 'docker' | 'oci';
  /** Layers pushed at the same time. */
  readonly concurrency: number;
}
