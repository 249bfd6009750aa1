import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../../src/config/load.ts';
import { ConfigError, formatProblem } from '../../../src/config/problem.ts';
import { invalidCases } from './invalid-cases.ts';
import { fakeSources } from '../../support/config-sources.ts';

const sources = fakeSources({
  files: {
    '/run/secrets/empty': '\n',
    '/run/secrets/lines': 'a\nb\n',
    '/run/secrets/open-lines': 'a\nb',
    '/run/secrets/latin1': 'hunter\ufffd',
    '/tls/cert.pem': 'x',
  },
  env: { REGISTRY_PASSWORD: 'hunter1' },
});

function errorOf(read: () => unknown): ConfigError {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('a wrong configuration is refused with exact lines', () => {
  it.each(invalidCases)('$name', ({ text, problems }) => {
    expect(errorOf(() => parseConfig(text, 'c.yaml', sources)).message.split('\n')).toEqual(problems);
  });

  it('takes the proxy of the environment where it is asked for, and says when it cannot', () => {
    const text =
      'registries: { r: { repository: a, paths: { p: { url: "https://r.example", proxy: env } } } }\nchecks: { s: { size: 1B, every: 1m, clients: [docker] } }\n';
    const read = (env: Readonly<Record<string, string>>) => parseConfig(text, 'c.yaml', fakeSources({ env }));
    const { proxy } = read({ HTTPS_PROXY: 'proxy.example:3128' }).registries[0]?.paths[0] ?? {};
    expect(proxy).toMatchObject({ host: 'proxy.example', port: 3128 });
    // Hosts that an answer names may have another proxy, or none.
    const env = { HTTPS_PROXY: 'proxy.example:3128', NO_PROXY: 'store.example' };
    const proxyOf = read(env).registries[0]?.paths[0]?.environmentProxy;
    expect(proxyOf?.(new URL('https://auth.example'))).toMatchObject({ host: 'proxy.example' });
    expect(proxyOf?.(new URL('https://store.example'))).toBeUndefined();
    const withoutIt = parseConfig(text.replace(', proxy: env', ''), 'c.yaml', fakeSources({ env }));
    expect(withoutIt.registries[0]?.paths[0]?.environmentProxy).toBeUndefined();
    expect(read({}).registries[0]?.paths[0]?.proxy).toBeUndefined();
    expect(errorOf(() => read({ HTTPS_PROXY: 'socks5://proxy.example' })).message).toContain(
      'registries.r.paths.p.proxy: expected a proxy of the environment that can be used',
    );
  });

  it('never shows a secret in them', () => {
    const lines = invalidCases.flatMap(({ text }) => errorOf(() => parseConfig(text, 'c.yaml', sources)).message);
    expect(invalidCases.filter(({ text }) => /hunter|12345678/.test(text)).length).toBeGreaterThan(20);
    expect(lines.filter((line) => /hunter|12345678/.test(line))).toEqual([]);
  });

  it('has problems as data, in the order of the file, of which the message is made', () => {
    const text = 'checks: {}\nregistries: {}\n';
    const error = errorOf(() => parseConfig(text, 'c.yaml', sources));
    expect(error.problems.map((problem) => [problem.path, problem.position])).toEqual([
      [['checks'], { line: 1, column: 9 }],
      [['registries'], { line: 2, column: 13 }],
    ]);
    expect(error.message).toBe(error.problems.map(formatProblem).join('\n'));
  });

  it.each(['utf16le', 'latin1'] as const)('says so when the file is %s with NUL or mark', (encoding) => {
    const folder = mkdtempSync(join(tmpdir(), 'blobprobe-config-'));
    try {
      const name = join(folder, 'wide.yaml');
      writeFileSync(name, encoding === 'utf16le' ? '\ufeffregistries: {}\n' : '\xfe\xff\0r\0e', encoding);
      expect(errorOf(() => loadConfig(name, sources)).message).toBe(
        `${name}: expected UTF-8 text, got UTF-16: save the file as UTF-8`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says so when the file itself cannot be read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'blobprobe-config-'));
    try {
      const missing = join(folder, 'missing.yaml');
      expect(errorOf(() => loadConfig(missing, sources)).message).toBe(
        `${missing}: expected a readable file, got none (ENOENT)`,
      );
      const wrong = join(folder, 'wrong.yaml');
      writeFileSync(wrong, 'registries: {}\nchecks: 1\n');
      expect(errorOf(() => loadConfig(wrong, sources)).message.split('\n')).toEqual([
        `${wrong}:1:13: registries: expected at least one of the registries, got an empty map`,
        `${wrong}:2:9: checks: expected a map of checks by name, got 1`,
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
