import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { ConfigError, formatProblem } from '../../src/config/problem.ts';
import { invalidCases } from './invalid-cases.ts';
import { allProfiles, fakeSources } from './sources.ts';

const { oras: _withoutRow, ...profiles } = allProfiles;
const sources = fakeSources({
  profiles,
  files: { '/run/secrets/empty': '\n', '/run/secrets/lines': 'a\nb\n', '/tls/cert.pem': 'x' },
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
