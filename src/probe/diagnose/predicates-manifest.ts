import type { Failure } from '../failure.ts';
import { isHungUp } from '../judge/is-cut.ts';
import { saidByRegistry } from '../judge/words.ts';
import { isOfManifest } from './manifest-failure.ts';
import type { Match } from './match.ts';
import { isPortal } from './observed.ts';
import { isPageOfHop, isRefusal, says } from './predicates.ts';

/** Refusals that say of a manifest nothing: of the login, the size, the rate, a quota or the time. */
const ofOthers: ReadonlySet<Failure['reason']> = new Set([
  'auth_rejected',
  'body_too_large',
  'rate_limited',
  'quota_exceeded',
  'request_timeout',
]);

function isRefused(f: Failure): boolean {
  return isOfManifest(f) && isRefusal(f) && !ofOthers.has(f.reason);
}

/** By the registry's own words. */
export function registryRefuses(f: Failure): boolean {
  return isRefused(f) && saidByRegistry(f);
}

/** By a hop: it shows who it is, writes a page, or the same is taken over another path. */
export const hopRefuses: Match = (f, x) => {
  const isHop = f.answeredBy !== 'other' || isPageOfHop(f) || x.direct === 'ok';
  const isPage = isOfManifest(f) && isPortal(f);
  return isPage || (isRefused(f) && f.answeredBy !== 'registry' && isHop);
};

/** Nobody answers here, time and again, what is taken elsewhere at that time: a restart looks like that once. */
export const isSwallowed: Match = (f, x) => {
  const isUnanswered = isHungUp(f) || f.reason === 'response_timeout' || f.reason === 'deadline';
  return isOfManifest(f) && isUnanswered && f.answeredBy === 'none' && x.direct === 'ok' && x.proven.has('path');
};

/** The registry's words for blobs that a manifest names and that are not there, or for their repository. */
export const absentBlobWords = /\b(?:MANIFEST_BLOB_UNKNOWN|BLOB_UNKNOWN|NAME_UNKNOWN)\b|blob unknown to registry/i;
/** For a tag that must not move. */
export const tagWords =
  /immutab|ImageTagAlreadyExists|tag\b.{0,80}\b(?:already exists|cannot be (?:overwritten|updated)|is locked)/i;
/** For a right that the login lacks: AWS’s, which speak of policies as well. */
export const rightsWords = /not authorized to perform|identity-based policy/i;
/** For a rule of its own. */
export const policyWords =
  /\bpolic(?:y|ies)\b|\bsignatures?\b|\b(?:not |un)signed\b|\bcosign\b|\bnotation\b|vulnerab|admission|webhook/i;
/** For a kind of manifest that it does not know. */
export const typeWords =
  /(?:unsupported|unknown|unrecognized|invalid|not supported)\b.{0,40}\b(?:media ?type|content[ -]type)|(?:media ?type|content[ -]type)\b.{0,80}\b(?:not (?:supported|allowed|accepted)|unsupported|unknown|invalid)/i;

/** The kind of the manifest is what is refused. */
export const ofKind: Match = (f, x) => x.otherKindPassed === true || f.status === 415 || says(typeWords)(f, x);

/** Success that the client makes nothing of. */
export function namesNoDigest(f: Failure): boolean {
  return isOfManifest(f) && f.reason === 'manifest_refused' && (f.status ?? 0) < 300 && !isPortal(f);
}
