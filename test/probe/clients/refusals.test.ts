import { describe, expect, test } from 'vitest';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';

const registry = new URL('https://registry.example.org/v2/');
const onLoopback = new URL('http://127.0.0.1:5000/v2/');

describe('token services that clients refuse by themselves', () => {
  test.each([
    ['http://tokens.example.org/token', registry, true, true],
    ['https://tokens.example.org/token', registry, false, false],
    ['https://10.1.2.3/token', registry, true, false],
    ['https://[fd00::1]/token', registry, true, false],
    ['https://[::ffff:169.254.169.254]/token', registry, true, true],
    ['https://127.1/token', registry, true, true],
    ['https://203.0.113.9/token', registry, false, false],
    ['http://127.0.0.1:5000/token', onLoopback, false, false],
    // crane compares the port, too; oras the name alone.
    ['http://127.0.0.1:5001/token', onLoopback, true, false],
  ])('%s named by %s: crane %s, oras %s', (realm, asked, crane, oras) => {
    const url = new URL(realm);
    expect(clientProfiles.crane.tokens.refusesRealm?.(url, asked) !== undefined).toBe(crane);
    expect(clientProfiles.oras.tokens.refusesRealm?.(url, asked) !== undefined).toBe(oras);
  });

  test('docker and skopeo follow wherever they are sent', () => {
    expect([clientProfiles.docker, clientProfiles.skopeo].map(({ tokens }) => tokens.refusesRealm)).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('Locations that clients refuse by themselves', () => {
  test.each([
    ['https://registry.example.org/v2/x', registry, false, false],
    ['https://registry.example.org:443/v2/x', registry, false, false],
    ['https://registry.example.org:8443/v2/x', registry, false, true],
    ['https://uploads.example.org/v2/x', registry, false, true],
    ['https://192.168.0.7/v2/x', registry, true, true],
    ['http://127.0.0.1:5001/v2/x', onLoopback, false, true],
  ])('%s named by %s: crane %s, oras %s', (location, asked, crane, oras) => {
    const url = new URL(location);
    expect(clientProfiles.crane.refusesLocation?.(url, asked) !== undefined).toBe(crane);
    expect(clientProfiles.oras.refusesLocation?.(url, asked) !== undefined).toBe(oras);
  });
});

test.each([
  ['crane', 'http://tokens.example.org/token', 'over http for a registry over https'],
  ['oras', 'http://tokens.example.org/token', 'over http for a registry over https'],
  ['crane', 'https://10.1.2.3/token', 'at 10.1.2.3, a private address'],
  ['oras', 'https://127.0.0.1/token', 'at 127.0.0.1, a loopback or link-local address'],
] as const)('%s says why it does not ask %s', (client, realm, why) => {
  expect(clientProfiles[client].tokens.refusesRealm?.(new URL(realm), registry)).toBe(why);
});

test.each([
  ['crane', 'https://192.168.0.7/v2/x', 'to 192.168.0.7, a private address'],
  ['oras', 'https://uploads.example.org:8443/v2/x', 'on another host than the registry (uploads.example.org:8443)'],
] as const)('%s says why it does not go to %s', (client, location, why) => {
  expect(clientProfiles[client].refusesLocation?.(new URL(location), registry)).toBe(why);
});
