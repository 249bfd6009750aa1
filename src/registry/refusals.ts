import { BlockList } from 'node:net';
import { bareHost } from '../network/hosts.ts';

/**
 * Whether a client refuses by itself to go on at `url`, which an answer of `asked` named: the reason in words, or undefined when it
 * follows. What the path allows is another question, and ours (`isAllowedHost`).
 */
export type Refusal = (url: URL, asked: URL) => string | undefined;

/** Ranges of addresses, as `10.0.0.0/8`. */
export function addressRanges(...ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits = ''] = range.split('/');
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Whether the URL's host is an address in these ranges. Names are none: they are not resolved. */
export function isAddressIn(ranges: BlockList, url: URL): boolean {
  const host = bareHost(url);
  return host.includes(':') ? ranges.check(host, 'ipv6') : /^[\d.]+$/.test(host) && ranges.check(host, 'ipv4');
}
