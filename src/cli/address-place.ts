import { isIP } from 'node:net';
import { addressRanges, isAddressIn } from '../network/address-ranges.ts';

/** Where an address lies; the first path of `init` is named after it. */
export type Place = 'loopback' | 'cluster' | 'private' | 'public';

const loopback = addressRanges('127.0.0.0/8', '::1/128');
/** RFC 1918, 3927, 4193, 4291 and the shared addresses of RFC 6598. */
const inner = addressRanges(
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
  'fe80::/10',
);

/** Names that tell it without being asked of a resolver. A name without a dot is one of its own network. */
const names: readonly (readonly [Place, RegExp])[] = [
  ['loopback', /^(?:.*\.)?localhost$/],
  ['cluster', /\.(?:svc|cluster\.local)$/],
  ['private', /\.(?:local|lan|internal|intern|home\.arpa)$|^[^.]+$/],
];

/**
 * By the name where it tells, else by the addresses: `private` or `loopback` when all are. What cannot be resolved is `public`.
 * @param host a name in lower case, or an address without brackets
 * @param addresses what the name resolves to; empty: nobody asked, or nobody knows
 */
export function placeOf(host: string, addresses: readonly string[]): Place {
  const known = isIP(host) === 0 ? addresses : [host];
  const byName = isIP(host) === 0 ? names.find(([, spelling]) => spelling.test(host))?.[0] : undefined;
  if (byName !== undefined) return byName;
  if (known.length === 0) return 'public';
  if (known.every((address) => isAddressIn(loopback, address))) return 'loopback';
  return known.every((address) => isAddressIn(loopback, address) || isAddressIn(inner, address)) ? 'private' : 'public';
}
