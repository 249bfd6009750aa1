import { afterEach, expect, test } from 'vitest';
import { NetworkError } from '../../src/network/exchange.ts';
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

const { signal } = new AbortController();

test.each([
  ['192.0.2.1', 4],
  ['2001:db8::1', 6],
] as const)('what the system has of %s is of its family', async (address, family) => {
  expect(await resolveHost(address, pathTo('http://registry.example.org'), signal)).toEqual([{ address, family }]);
});

test.each([
  ['addresses of both families', ['127.0.0.1', '::1'], ['127.0.0.1', '::1']],
  ['IPv6 addresses alone', ['::1'], ['::1']],
])('own servers have %s', async (_what, values, addresses) => {
  const { port } = await opened.dns({ 'registry.example.org': values });
  const path = pathTo('http://registry.example.org', { dnsServers: [`127.0.0.1:${port}`] });
  const found = await resolveHost('registry.example.org', path, signal);
  expect(found.map(({ address }) => address)).toEqual(addresses);
});

test.each([[undefined], [4], [6]] as const)(
  'a name that only stands for another one has no address: %s',
  async (family) => {
    const { port } = await opened.dns({ 'registry.example.org': ['other.example.org'] });
    const path = pathTo('http://registry.example.org', { family, dnsServers: [`127.0.0.1:${port}`] });
    await expect(resolveHost('registry.example.org', path, signal)).rejects.toMatchObject({ code: 'ENODATA' });
  },
);

test('own servers are asked for both families, and one that has no address is left out', async () => {
  const { port } = await opened.dns({ 'registry.example.org': ['192.0.2.1', '192.0.2.2'] });
  const path = pathTo('http://registry.example.org', { dnsServers: [`127.0.0.1:${port}`] });
  expect(await resolveHost('registry.example.org', path, signal)).toEqual([
    { address: '192.0.2.1', family: 4 },
    { address: '192.0.2.2', family: 4 },
  ]);
});

test('a name that has no address of the family is a failure of DNS, too', async () => {
  const { port } = await opened.dns({ 'registry.example.org': ['192.0.2.1'] });
  const path = pathTo('http://registry.example.org', { family: 6, dnsServers: [`127.0.0.1:${port}`] });
  await expect(resolveHost('registry.example.org', path, signal)).rejects.toMatchObject({
    stage: 'dns',
    code: 'ENODATA',
  });
});

test('a name that nobody has is a failure of DNS that names it', async () => {
  const { port } = await opened.dns({});
  const path = pathTo('http://registry.example.org', { dnsServers: [`127.0.0.1:${port}`] });
  const failed = resolveHost('registry.example.org', path, signal);
  await expect(failed).rejects.toBeInstanceOf(NetworkError);
  await expect(failed).rejects.toMatchObject({
    stage: 'dns',
    code: 'ENOTFOUND',
    message: 'cannot resolve registry.example.org: ENOTFOUND',
  });
});

test('the system is asked where the path has no servers of its own', async () => {
  const path = pathTo('http://localhost', { family: 4 });
  expect(await resolveHost('localhost', path, signal)).toContainEqual({ address: '127.0.0.1', family: 4 });
});

test('questions that are open are taken back when the opening is over', async () => {
  const { port, asked } = await opened.dns(undefined);
  const over = new AbortController();
  const path = pathTo('http://registry.example.org', { family: 4, dnsServers: [`127.0.0.1:${port}`] });
  const failed = resolveHost('registry.example.org', path, over.signal);
  failed.catch(() => {});
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  over.abort();
  await expect(failed).rejects.toMatchObject({ code: 'ECANCELLED' });
});
