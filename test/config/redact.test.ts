import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { redact, redactedConfig } from '../../src/config/redact.ts';
import { fakeSources } from '../support/config-sources.ts';

test('secrets are hidden by their key; where they stand and whose they are is shown', () => {
  expect(
    redact({
      registries: {
        password: {
          credentials: { username: 'probe', password: 'hunter2', identityToken: 'hunter2', token: 'hunter2' },
          paths: { token: { proxy: { passwordFile: '/run/secrets/proxy' }, tls: { keyFile: '/tls/key.pem' } } },
        },
        headers: { credentials: { tokenEnv: 'REGISTRY_TOKEN' }, repository: 'authority/keys' },
      },
    }),
  ).toEqual({
    registries: {
      password: {
        credentials: { username: 'probe', password: '<secret>', identityToken: '<secret>', token: '<secret>' },
        paths: { token: { proxy: { passwordFile: '/run/secrets/proxy' }, tls: { keyFile: '/tls/key.pem' } } },
      },
      headers: { credentials: { tokenEnv: 'REGISTRY_TOKEN' }, repository: 'authority/keys' },
    },
  });
});

test('headers are hidden by their name, or by a value that begins as credentials do', () => {
  const headers = {
    'X-Api-Key': 'hunter2',
    'X-A': 'basic hunter2',
    'X-B': 'BEARER hunter2',
    'X-C': 'more basic than b',
  };
  expect(redact({ headers })).toEqual({
    headers: { 'X-Api-Key': '<secret>', 'X-A': '<secret>', 'X-B': '<secret>', 'X-C': 'more basic than b' },
  });
});

const text = (credentials: string, header = 'x') => `
registries:
  gitea:
    repository: platform/blobprobe
    credentials: ${credentials}
    paths: { public: { url: "https://git.example.org", headers: { X-Probe: ${header} } } }
checks: { small: { size: 1MiB, every: 1m, clients: &who [docker] }, other: { size: 2MiB, every: 1m, clients: *who } }
`;

test('a secret that the file does not hold is not shown as one that it holds', () => {
  const sources = fakeSources({ env: { REGISTRY_PASSWORD: 'hunter2' } });
  const shown = redactedConfig(
    parseConfig(text('{ username: probe, passwordEnv: REGISTRY_PASSWORD }'), 'c.yaml', sources),
  );
  expect(shown).toContain(
    '    credentials:\n      username: probe\n      passwordEnv: REGISTRY_PASSWORD\n    paths:\n',
  );
  expect(shown).not.toContain('<secret>');
});

test('each value stands on one line, written out where an alias was', () => {
  const long = Array(40).fill('word').join(' ');
  const shown = redactedConfig(parseConfig(text('{ token: hunter2 }', long), 'c.yaml', fakeSources()));
  expect(shown).toContain(`X-Probe: ${long}\n`);
  expect(shown.match(/clients:\n +- docker\n/g)).toHaveLength(2);
});
