import type { TokenBehaviour } from '../../registry/auth/token-behaviour.ts';
import type { ManifestManner } from '../../registry/manifest.ts';
import type { PullManner } from '../../registry/pull.ts';
import type { Refusal } from '../../registry/refusals.ts';
import type { HostMemory, ResendPolicy } from '../../registry/resend.ts';
import type { Failure } from '../failure.ts';

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

/** For clients that begin nothing anew. */
export const noRetry: RetryPolicy = { maxAttempts: 1, delayMs: () => 0, retries: () => false };

/** An answer with a good status that is a failure all the same: its body broke off. */
export function brokeOff({ status = 400 }: Failure): boolean {
  return status < 400;
}

/** Headers of a body that is a blob. */
export const octets = { 'content-type': 'application/octet-stream' } as const;

/** What most clients do; a row names what its client does otherwise, and what clients have no usual way of. */
export const usualPush = {
  httpVersion: '1.1',
  ping: false,
  headAfter: false,
  // The buffer of Go's io.Copy.
  writeBytes: 32 * 1024,
  requestHeaders: { 'accept-encoding': 'gzip' },
  postHeaders: {},
  putHeaders: octets,
  checksRange: false,
  retry: noRetry,
  resendsBody: false,
  anonymousMount: false,
} as const satisfies Partial<ClientRow>;

/** How a client pulls: data of its source, as the rest of its row. */
export interface PullRow extends PullManner, ManifestManner {
  /** Where it was read. */
  readonly source: string;
  /** The program, and its version, beside which it was measured; undefined: read only. */
  readonly measured?: string;
  /** What is different for the config of an image. */
  readonly config?: Partial<PullManner>;
  /** The config before the layers, or after. */
  readonly configFirst: boolean;
  /** Layers pulled at the same time, by default. */
  readonly concurrency: number;
  /** New attempts at a layer. */
  readonly retry: RetryPolicy;
  /** What it sends again within an attempt. */
  readonly resend?: ResendPolicy;
}

/** The exact behaviour of one version of a client: data, each field as the client's source has it. */
export interface ClientRow {
  /** The source this row was read from. */
  readonly source: string;
  /** The program, and its version, beside which the row was measured; undefined: read only. */
  readonly measured?: string;
  /** Of an older version: which ones it stands for, and what they do otherwise than the next newer row; a line for people. */
  readonly otherwise?: string;
  readonly userAgent: string;
  readonly httpVersion: '1.1' | 'h2-if-offered';
  /** GET /v2/ before anything else, to learn the auth challenge: once, or each time it tries again. */
  readonly ping: boolean | 'each-attempt';
  /** HEAD of the blob before it is sent; some clients ask twice over. */
  readonly headBefore: boolean | 'twice';
  /** Goes on whatever the HEAD before is answered; the others take what is neither 200 nor 404 for a failure. */
  readonly ignoresHead?: boolean;
  readonly headAfter: boolean;
  readonly shape: WireShape;
  /** Bytes of one write while streaming; for chunked framing this is the size of a chunk frame. */
  readonly writeBytes: number;
  /** Bytes of one PATCH, for `patch-ranged`. */
  readonly chunkBytes?: number;
  /**
   * After which answers to a chunk the client goes on from where the registry stands, for `put-then-ranged`; `retryAfterMs` is 0 where
   * none was asked for.
   */
  readonly resumesAfter?: (refusal: { readonly status: number; readonly retryAfterMs: number }) => boolean;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly headHeaders?: Readonly<Record<string, string>>;
  /** A PUT on another host than the registry's names the registry in its query, as `ns`. */
  readonly namesRegistryElsewhere?: boolean;
  /** Asks once more by GET, for the text of the refusal, when HEAD is answered 403. */
  readonly getAfterForbiddenHead?: boolean;
  readonly postHeaders: Readonly<Record<string, string>>;
  /** Headers of a PATCH besides its framing; undefined: those of a blob. */
  readonly patchHeaders?: Readonly<Record<string, string>>;
  readonly putHeaders: Readonly<Record<string, string>>;
  /** The client reads the Range of a PATCH answer and fails without it. */
  readonly checksRange: boolean;
  /** Longest wait for response headers; undefined: the client waits for ever. */
  readonly responseHeaderTimeoutMs?: number | undefined;
  readonly retry: RetryPolicy;
  /** What the client sends again within an attempt, on the same session. */
  readonly resend?: ResendPolicy;
  /** In place of `resend`, for a client that remembers how a host has answered; made anew for each run. */
  readonly remembersHost?: (() => HostMemory) | undefined;
  /** Sends a body again after a 401; the others' streams are consumed by then. */
  readonly resendsBody: boolean;
  /** POST with `mount=<digest>` and no `from` first; its session is used when the registry has no such blob. */
  readonly anonymousMount: boolean;
  /** The Locations that it refuses by itself; undefined: none. */
  readonly refusesLocation?: Refusal;
  /** What is different for the config of an image, a blob of a few hundred bytes that the client has in memory. */
  readonly configBlob?: Partial<Pick<ClientRow, 'headBefore' | 'shape'>>;
  /** How it asks for tokens, and when it asks again. */
  readonly tokens: TokenBehaviour;
  /** Media types of the manifests it pushes. */
  readonly manifest: 'docker' | 'oci';
  /** Fails when the answer to the PUT of a manifest does not name its digest; default: it takes that for optional, as the specification does. */
  readonly needsManifestDigest?: boolean;
  /** Layers pushed at the same time. */
  readonly concurrency: number;
  /**
   * How it sends a layer that lies there uncompressed. What is compressed all clients send as it is; docker's classic store packs anew, which gives
   * about the same size.
   */
  readonly plainLayers: 'gzip' | 'as-stored';
  /** The way back. */
  readonly pull: PullRow;
}

/** A row under the name by which the configuration asks for it, which is also its label `client`. */
export interface ClientProfile extends ClientRow {
  readonly name: string;
  /** Of the row; empty for the ways of pushing that are no client's. */
  readonly version: string;
}

/** The rows of a client by version, the newest first. A version stands for all up to the next row: only what differs is a row. For `satisfies`. */
export type ClientVersions = Readonly<Record<string, ClientRow>>;
