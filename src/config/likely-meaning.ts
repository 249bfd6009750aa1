import type { ConfigPath } from './problem.ts';
import { parseSize, sizePattern } from './size.ts';

/** A mistake that many make, and what was probably meant; completes "expected …, got …". */
interface LikelyMeaning {
  readonly applies: (key: string, value: string) => boolean;
  readonly says: string;
}

const sizeKeys = new Set(['size', 'layers', 'upTo', 'resolution', 'chunkSize', 'bytesPerDay']);
const addressKeys = new Set(['url', 'connectTo', 'dns', 'allowHosts']);
/** At least three groups of hexadecimal digits, and no brackets. */
const bareIpv6 = /^(?:https?:\/\/)?(?:[0-9a-f]{0,4}:){2,}[0-9a-f]{0,5}\/?$/i;

const meanings: readonly LikelyMeaning[] = [
  {
    applies: (key, value) => addressKeys.has(key) && bareIpv6.test(value),
    says: 'an IPv6 address with a port stands in brackets: [2001:db8::1]:443',
  },
  {
    applies: (key, value) => key === 'repository' && /[:@][^/]*$/.test(value) && !value.includes('://'),
    says: 'without a tag or digest: blobs have none',
  },
  {
    applies: (key, value) => sizeKeys.has(key) && isTooLarge(value),
    says: 'more than 8191TiB cannot be counted',
  },
];

function isTooLarge(value: string): boolean {
  try {
    parseSize(value.replace(/\.\d+/, ''));
    return false;
  } catch {
    return sizePattern.test(value);
  }
}

/** `; an IPv6 address …`, or nothing when the value is no mistake that is known. `path` may end with the place in a list. */
export function likelyMeaning(path: ConfigPath, value: unknown): string {
  const key = path.findLast((step) => typeof step === 'string') ?? '';
  const meaning = meanings.find(({ applies }) => typeof value === 'string' && applies(key, value));
  return meaning === undefined ? '' : `; ${meaning.says}`;
}
