import { describe, expect, test } from 'vitest';
import { checkId } from '../../../src/probe/check.ts';
import { checkFor, UnknownRequest } from '../../../src/daemon/on-demand/on-demand-check.ts';
import { fakeCheck } from '../../support/fake-check.ts';

const checks = [
  fakeCheck('gitea', 'edge', 'docker', 'small'),
  fakeCheck('gitea', 'edge', 'docker@20.10', 'small'),
  fakeCheck('gitea', 'direct', 'docker', 'small'),
];
const asked = { registry: 'gitea', path: 'edge', client: 'docker', workload: 'small' };

describe('a request for a run', () => {
  test.each(['docker', 'docker@20.10'])('names a client as it is configured: %s', (client) => {
    expect(checkId(checkFor({ ...asked, client }, { checks }))).toBe(`gitea/edge/${client}/small`);
  });

  test.each<[string, object, string]>([
    [
      'a version that is not configured',
      { client: 'docker@29.0' },
      'unknown client "docker@29.0": there are docker, docker@20.10',
    ],
    [
      'a client of another path',
      { path: 'direct', client: 'docker@20.10' },
      'unknown client "docker@20.10": there is docker',
    ],
    ['no path', { path: undefined }, 'path is missing: there are edge, direct'],
    ['a size beyond the largest check', { workload: undefined, size: '1GiB' }, 'size'],
  ])('is refused for %s', (_name, changes, message) => {
    const ask = () => checkFor({ ...asked, ...changes }, { checks });
    expect(ask).toThrow(UnknownRequest);
    expect(ask).toThrow(message);
  });
});
