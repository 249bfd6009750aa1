import { BlockList, isIP } from 'node:net';

/** Ranges of addresses, as `10.0.0.0/8`. */
export function addressRanges(...ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address, bits] = range.split('/') as [string, string];
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Whether the host, without brackets, is an address in these ranges. Names are none: they are not resolved. */
export function isAddressIn(ranges: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && ranges.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
