import { expect, test } from 'vitest';
import { warnOfShortSecrets } from '../../src/daemon/short-secrets.ts';
import { Secret } from '../../src/network/secrets/secret.ts';
import { recordingLog } from '../support/recording-log.ts';

const registry = (name: string, password: Secret) => ({
  name,
  repository: 'a/b',
  credentials: { kind: 'basic' as const, username: 'u', password },
  cleanup: 'delete' as const,
  paths: [],
});

test('a password of seven characters is warned of, one of eight and one that cannot be read are not; none is shown', () => {
  const { log, lines } = recordingLog();
  const unreadable = new Secret(() => {
    throw new Error('gone');
  });
  const registries = [
    registry('short', Secret.of('seven77')),
    registry('long', Secret.of('eight888')),
    registry('gone', unreadable),
  ];
  warnOfShortSecrets({ registries }, log);
  expect(lines).toEqual([expect.objectContaining({ level: 'warn', fields: { registry: 'short' } })]);
  expect(JSON.stringify(lines)).not.toContain('seven77');
});
