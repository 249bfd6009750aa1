import { expect, test } from 'vitest';
import { mayReach } from '../../src/network/reach.ts';

const outside = 'https://registry.example.org';

test.each([
  '169.254.169.254',
  '168.63.129.16',
  '100.100.100.200',
  'fd00:ec2::254',
  '127.0.0.1',
  '127.9.9.9',
  '::1',
  '0.0.0.0',
  'fe80::1',
  '169.254.1.1',
  '224.0.0.1',
  'ff02::1',
  '255.255.255.255',
  'localhost',
  'LOCALHOST.',
  's3.localhost',
  'metadata.google.internal',
  'metadata.google.internal.',
])('%s is not reached because an answer names it', (host) => {
  expect(mayReach(host, outside)).toBe(false);
});

test.each([
  '192.0.2.1',
  '10.0.0.1',
  '100.100.100.201',
  '2001:db8::1',
  'r.test',
  'notlocalhost',
  'localhost.test',
  'xmetadata.google.internal',
])('%s is', (host) => {
  expect(mayReach(host, outside)).toBe(true);
});

test.each<[string, string, boolean]>([
  ['127.0.0.2', 'http://127.0.0.1:5000', true],
  ['localhost', 'http://[::1]:5000', true],
  ['169.254.169.254', 'http://127.0.0.1:5000', false],
  ['fe80::1', 'http://169.254.7.7', true],
  ['169.254.169.254', 'http://169.254.7.7', false],
  ['192.0.2.1', 'http://127.0.0.1:5000', true],
])('%s is reached from a path to %s: %s', (host, origin, expected) => {
  expect(mayReach(host, origin)).toBe(expected);
});
