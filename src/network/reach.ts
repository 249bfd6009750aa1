import { addressRanges, isAddressIn } from './address-ranges.ts';
import { bareHost } from './hosts.ts';

/** Addresses that only this host, or only its own link, gives a meaning to: what answers there was never meant for strangers. */
const kinds = {
  // What tells virtual machines and containers their credentials: AWS (EC2, ECS, EKS), Azure, GCP, most others; Alibaba; Oracle.
  metadata: addressRanges(
    '169.254.169.254/32',
    '169.254.170.2/32',
    '169.254.170.23/32',
    '168.63.129.16/32',
    '100.100.100.200/32',
    '192.0.0.192/32',
    'fd00:ec2::254/128',
    'fd00:ec2::23/128',
    'fd20:ce::254/128',
  ),
  loopback: addressRanges('127.0.0.0/8', '::1/128', '0.0.0.0/8', '::/128'),
  'link-local': addressRanges('169.254.0.0/16', 'fe80::/10'),
  multicast: addressRanges('224.0.0.0/4', '255.255.255.255/32', 'ff00::/8'),
};

/** Names that mean such an address without being asked of a resolver, or wherever a proxy stands (RFC 6761, 6.3). */
const names: readonly (readonly [name: string, spelling: RegExp])[] = [
  ['loopback', /^(?:.*\.)?localhost\.?$/i],
  ['metadata', /^metadata\.google\.internal\.?$/i],
];

/** `metadata`, `loopback`, `link-local`, `multicast`; undefined: an address or a name like any other. */
function specialKind(host: string): string | undefined {
  return (
    Object.entries(kinds).find(([, ranges]) => isAddressIn(ranges, host))?.[0] ??
    names.find(([, spelling]) => spelling.test(host))?.[0]
  );
}

/**
 * Our own rule, no client's: a host that only an answer names is not connected to on addresses of a special kind, unless the
 * path's own URL names one of that kind. Where a name, `connectTo` or a proxy leads says nothing: a tunnel begins on loopback, too.
 */
export function mayReach(host: string, origin: string): boolean {
  const kind = specialKind(host);
  return kind === undefined || specialKind(bareHost(new URL(origin))) === kind;
}

/** The code with which a connection ends that this rule forbids. */
export const addressForbidden = 'ADDRESS_FORBIDDEN';
