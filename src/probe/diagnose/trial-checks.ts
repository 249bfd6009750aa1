import { oneBlob, type Check } from '../check.ts';
import type { ClientProfile, WireShape } from '../clients/client-profile.ts';
import { clientProfiles } from '../clients/client-profiles.ts';
import type { Failure } from '../failure.ts';

export interface ShapedCheck {
  readonly check: Check;
  readonly shape: WireShape;
}

/** Small enough to pass whatever passes anything. */
const mostSmallBytes = 64 * 1024;

export function smallBytes(sizeBytes: number): number {
  return Math.max(1, Math.min(mostSmallBytes, Math.floor(sizeBytes / 4)));
}

/** Bytes of one PATCH of the chunked control: a chunk that is cut off by a limit on the whole body would tell nothing. */
const chunkBytes = 1024 * 1024;

/**
 * The client in question, and after it the shapes that no other of these has: streamed, with length, in chunks. No client
 * sends one POST with everything in it: that shape is tried only when it is the one in question.
 */
export function controlShapes(check: Check): [ShapedCheck, ...ShapedCheck[]] {
  const sizeBytes = check.workload.layerBytes[0] ?? 0;
  const chunked: ClientProfile = {
    ...clientProfiles.chunked,
    chunkBytes: Math.max(1, Math.min(chunkBytes, Math.ceil(sizeBytes / 8))),
  };
  const clients = [clientProfiles.docker, clientProfiles['docker-containerd'], chunked];
  return [
    { check, shape: check.client.shape },
    ...clients
      .filter(({ shape }) => shape !== check.client.shape)
      .map((client) => ({ check: { ...check, client }, shape: client.shape })),
  ];
}

/** How often a push sends its body at most: again after a 401, and again in another way where the client has one. */
export function timesSent({ shape, resendsBody }: ClientProfile): number {
  const ways = shape === 'post-length' || shape === 'put-then-ranged' ? 2 : 1;
  return ways * (resendsBody ? 2 : 1);
}

/** One blob, one attempt, nothing sent again within it: so that each answer is seen as it is, and the bytes are bounded. */
export function trialCheck({ check }: ShapedCheck, sizeBytes: number): Check {
  return {
    ...oneBlob(check, 'diagnosis', sizeBytes),
    client: { ...check.client, resend: () => undefined, remembersHost: undefined },
    retries: 'none',
  };
}

/** Whether the client sends the request again by itself, on the same session, when it ends so for the first time. Pure. */
export function sendsAgain(
  { resend, remembersHost }: ClientProfile,
  { status, evidence, elapsedMs }: Failure,
): boolean {
  const policy = remembersHost?.().resend ?? resend;
  const end = { sending: 1, status, statusBefore: undefined, code: evidence.code, retryAfterMs: undefined };
  return policy?.({ ...end, hasBody: true, durationMs: elapsedMs }) !== undefined;
}

/** Every request on a connection of its own. */
export function freshCheck(check: Check): Check {
  const requestHeaders = { ...check.client.requestHeaders, connection: 'close' };
  return { ...check, client: { ...check.client, requestHeaders } };
}

/** The same client, as if it spoke HTTP/1.1 only. */
export function olderHttpCheck(check: Check): Check {
  return { ...check, client: { ...check.client, httpVersion: '1.1' } };
}
