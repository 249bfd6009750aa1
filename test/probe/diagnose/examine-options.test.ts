import { expect, test } from 'vitest';
import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import { type ExamineOptions, mostExaminedBytes } from '../../../src/probe/diagnose/examine-options.ts';
import { checkOf } from '../../support/checks.ts';
import { pathTo } from '../../support/paths.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const MB = 1_000_000;
const direct = pathTo('http://10.0.0.1');

function most(client: ClientName, options: Partial<ExamineOptions> = {}, sizeBytes = MB): number {
  const check = checkOf('http://registry.example', { client, sizeBytes });
  return mostExaminedBytes({ check, durationsMs: [], signal: new AbortController().signal, ...options });
}

test.each<[string, ClientName, number, number, number]>([
  // Its own shape once, and two that send their bodies again after a 401.
  ['docker', 'docker', 27, 28, 4],
  // Its own shape sends a body up to four times, and all three others come beside it.
  ['regctl', 'regctl', 49, 54, 8],
])('%s: large, small and tiny bodies, and ten images for their manifests', (_name, client, large, small, tiny) => {
  const images = 10 * 64 * KiB;
  expect(most(client)).toBe(large * MB + small * 64 * KiB + tiny * 256 + images);
  // Small ones are a fourth of the size.
  expect(most(client, {}, 4_000)).toBe(large * 4_000 + small * 1_000 + tiny * 256 + images);
});

test.each<[string, Partial<ExamineOptions>, number, number]>([
  ['a direct path', { direct }, 5 * MB, 12 * MB],
  ['slow bodies: twice for each time, and six between', { durationsMs: [100, 200] }, 10 * 256 * KiB, 40 * 256 * KiB],
  ['the four usual times', { durationsMs: undefined }, 14 * 256 * KiB, 56 * 256 * KiB],
  ['a round of behaviours', { conformance: true }, 6_272, 6_272],
  ['two rounds of them over each path', { conformance: true, direct }, 5 * MB + 25_088, 12 * MB + 25_088],
  ['what is pulled back', { pull: true }, 5.5 * MB, 22 * MB],
])('%s adds to it, more where a client sends its bodies again', (_what, options, ofDocker, ofRegctl) => {
  expect(most('docker', options) - most('docker')).toBe(ofDocker);
  expect(most('regctl', options) - most('regctl')).toBe(ofRegctl);
});

test('beside bodies of 8 MiB and more another one goes, while somebody else asks', () => {
  const growth = (client: ClientName): number => most(client, {}, 8 * MiB) - most(client, {}, 8 * MiB - 1);
  expect(growth('docker')).toBe(27 + 8 * MiB);
  expect(growth('regctl')).toBe(49 + 4 * 8 * MiB);
});
