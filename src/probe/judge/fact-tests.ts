import type { StuckBody } from '../failure.ts';
import type { Facts } from './facts.ts';
import { bodyText, says503OfOthers } from './answered-by.ts';
import { namesOwnReason, quotaWords } from './words.ts';

/** Whether a value is there and one of these. */
export const oneOf =
  <T>(...values: readonly T[]) =>
  (value: T | undefined): boolean =>
    values.includes(value as T);

export const unreachableCodes = oneOf('ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN');
/** This host has no descriptor, memory, buffer, local port or local address left. */
export const exhaustedCodes = oneOf('EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EADDRNOTAVAIL', 'EAI_MEMORY');
export const badChallenges = oneOf(
  'challenge_missing',
  'challenge_unparsable',
  'realm_not_allowed',
  'realm_unreachable',
);
export const locationProblems = oneOf(
  'location_missing',
  'location_unparsable',
  'location_downgrade',
  'location_foreign',
);
const cutCodes = oneOf(
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_INFO',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
);

/** A hop, or who was to answer, did not wait for the rest of the request. */
export const endsLate = (f: Facts): boolean => oneOf(408, 460, 499)(f.status);
/** A hop says that who is behind it broke off; 520 is Cloudflare's. */
export const brokeOffBehind = ({ status, answeredBy }: Pick<Facts, 'status' | 'answeredBy'>): boolean =>
  answeredBy !== 'registry' && (oneOf(502, 520)(status) || (status === 503 && says503OfOthers.has(answeredBy)));
export const registry = (f: Facts): boolean => f.answeredBy === 'registry';
export const code = (f: Facts, ...codes: readonly string[]): boolean =>
  f.registryCodes.some((one) => codes.includes(one));
/** The request that ends the push of an image: its layers and its config were taken before. */
export const putsManifest = (f: Facts): boolean => f.blob === 'manifest' && f.step === 'commit';
/** A connection that ended before the answer did; while pulling, the answer is what is cut. */
export const cut = (f: Facts): boolean => (f.status === undefined || f.step === 'pull') && cutCodes(f.network?.code);
export const bodyRefusedAtCommit = (f: Facts): boolean =>
  code(f, 'DIGEST_INVALID') || f.problem === 'range_missing' || f.problem === 'range_unparsable';

/** A used connection that the peer had closed is cut so soon. */
export const staleWithinMs = 1_000;
/** One socket buffer: how much this host's kernel takes until it hears of the cut says little of how much was read. */
const hardlySentBytes = 64 * 1024;

/** The next host took no segment of the request, or, where the kernel does not tell or tells of a proxy, no more than a buffer was sent. */
export function isHardlyTaken(sentBytes: number, kernel: Partial<StuckBody> = {}): boolean {
  const { ackedBytes, mssBytes, viaProxy } = kernel;
  const isKnown = ackedBytes !== undefined && mssBytes !== undefined && viaProxy !== true;
  return isKnown ? ackedBytes < mssBytes : sentBytes <= hardlySentBytes;
}

/** Traefik's default `respondingTimeouts.readTimeout` counts the whole body and only cuts the connection (traefik/traefik#10805). */
export const cutAfterAMinute = (f: Facts): boolean =>
  f.step === 'send' && f.elapsedMs >= 58_000 && f.elapsedMs <= 62_000;

export function opening(f: Facts): boolean {
  return f.network?.stage === 'connect' || f.network?.stage === 'proxy';
}

export function refusedByProxy(f: Facts): boolean {
  return f.network?.stage === 'proxy' && f.network.code.startsWith('PROXY_');
}

export function http2Code(f: Facts): boolean {
  return f.network?.code.startsWith('ERR_HTTP2') ?? false;
}

/** Gitea refuses with an empty 403 after all bytes; Harbor's DENIED names the limit only in its message. */
export function saysQuota(f: Facts): boolean {
  return (f.step !== 'verify' && f.bodyEmpty) || quotaWords.test(f.registryMessage);
}

/** The page of a hop names a trouble of its own, or of the way behind it. */
export function saysOwnReason({ exchange }: Facts): boolean {
  return exchange?.response !== undefined && namesOwnReason(bodyText(exchange.response, 4_096));
}
