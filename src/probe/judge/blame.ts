import { isPage } from './answered-by.ts';
import type { Facts } from './facts.ts';
import { type Blame, partOfAnswerer } from '../failure.ts';

/** The hop of whoever answered. */
export const byAnswer = (f: Facts): Blame => partOfAnswerer[f.answeredBy];
/** The registry's storage once bytes were to be stored; nobody where a page for people came, which no registry writes. */
export const storageAtTheEnd = (f: Facts): Blame => {
  const { response } = f.exchange ?? {};
  if (f.answeredBy === 'other' && response !== undefined && isPage(response)) return 'unknown';

  return f.step === 'start' || f.step === 'auth' ? 'registry_app' : 'registry_storage';
};
/** A proxy that answers itself has not asked the registry. */
export const registryUnlessAHop = (f: Facts): Blame =>
  partOfAnswerer[f.answeredBy] === 'unknown' ? 'registry_app' : byAnswer(f);
/** Status codes that only Cloudflare uses, for what happens between it and the origin. */
export const edgeToOrigin = (f: Facts): Blame => {
  if (f.status === 530) return 'tunnel';

  return (f.status ?? 0) >= 520 ? 'edge_to_origin' : byAnswer(f);
};

/** The answer bore Cloudflare's ray id. */
export function crossedCloudflare(f: Facts): boolean {
  return f.exchange?.response?.headers['cf-ray'] !== undefined;
}
