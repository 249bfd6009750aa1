import { afterEach, expect, test } from 'vitest';
import { resolveHost } from '../../src/network/resolve.ts';
import { pathTo } from '../support/paths.ts';
import { Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

test.each([
  ['neither family nor local address: both', {}, ['A', 'AAAA']],
  ['a local IPv4 address: no other can be reached from it', { localAddress: '127.0.0.2' }, ['A']],
  ['a local IPv6 address', { localAddress: '::1' }, ['AAAA']],
  ['a family', { family: 6 }, ['AAAA']],
  ['a family and a local address: the family is what was asked for', { family: 4, localAddress: '127.0.0.2' }, ['A']],
] as const)('%s', async (_name, changes, types) => {
  const { port, asked } = await opened.dns({ 'registry.example.org': ['127.0.0.1'] });
  const path = pathTo('http://registry.example.org', { ...changes, dnsServers: [`127.0.0.1:${port}`] });
  await resolveHost('registry.example.org', path, new AbortController().signal).catch(() => {});
  expect(asked.toSorted()).toEqual(types.map((type) => `${type} registry.example.org`));
});
