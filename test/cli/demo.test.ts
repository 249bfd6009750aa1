import { describe, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { createEngine } from '../../src/daemon/engine.ts';
import { Ledger } from '../../src/probe/leftovers/ledger.ts';
import { changeFlags, changesOf } from '../../src/cli/demo-changes.ts';
import { demoCommand, withoutOwnFaults, outageFlag, outageOf } from '../../src/cli/demo.ts';
import { demoGuide, demoList } from '../../src/cli/demo-guide.ts';
import { parseFlags, UsageError } from '../../src/cli/flags.ts';
import { createLogger } from '../../src/daemon/log.ts';
import type { DemoLab } from '../../src/lab/lab.ts';
import { presetNames } from '../../src/lab/presets.ts';

const paths = ['one', 'two'];
const read = (...argv: string[]) => changesOf(parseFlags(argv, changeFlags), paths);

describe('changes', () => {
  test('come in the order in which they make sense: heal, restore, break', () => {
    expect(read('--break=one=envoy', '--heal', 'all', '--break=two=alb', '--restore=two')).toEqual([
      { action: 'heal', path: 'all' },
      { action: 'restore', path: 'two' },
      { action: 'break', path: 'one', preset: 'envoy' },
      { action: 'break', path: 'two', preset: 'alb' },
    ]);
    expect(read()).toEqual([]);
  });

  test.each([
    ['--break=three=envoy', 'flag --break: no path "three"; there are one, two'],
    ['--break=one', 'flag --break: expected PATH=PRESET, got "one"; blobprobe demo --list names both'],
    ['--break=one=', `flag --break: no preset ""; there are ${presetNames.join(', ')}`],
    ['--break=one=envoy=alb', `flag --break: no preset "envoy=alb"; there are ${presetNames.join(', ')}`],
    ['--heal=three', 'flag --heal: no path "three"; there are one, two, all'],
    ['--restore=one=envoy', 'flag --restore: no path "one=envoy"; there are one, two, all'],
  ])('%s is refused', (flag, message) => {
    expect(() => read(flag)).toThrow(new UsageError(message));
  });
});

test('the list names each preset once, and the paths', () => {
  const lines = demoList(paths).split('\n');
  const named = lines.flatMap((line) => /^ {2}(\S+) +\S/.exec(line)?.[1] ?? []);
  expect(named).toEqual([...presetNames]);
  expect(lines).toContain('Paths: one, two');
});

describe('the guide', () => {
  const url = 'http://localhost:10719';
  const sizes = { small: 1024, medium: 1024, large: 1024 };
  const lab = { sizes, paths: [{ name: 'edge', stands: 'Cloudflare', expect: `large: ${'refused '.repeat(20)}once` }] };
  const lines = (columns?: number) =>
    demoGuide(url, lab as unknown as DemoLab, outageOf(parseFlags([], outageFlag)), columns).split('\n');

  test('is folded to the terminal, all but what is to be typed', () => {
    for (const columns of [50, 80, 120]) {
      const prose = lines(columns).filter((line) => !line.includes(url));
      expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(columns);
    }
    expect(lines(50)).toContain('  edge  Cloudflare');
    expect(lines(80)).toContain(`  edge  Cloudflare  large: ${'refused '.repeat(6).trim()}`);
  });

  test('is not folded for a file', () => {
    expect(lines()).toContain(`  edge  Cloudflare  large: ${'refused '.repeat(20)}once`);
  });
});

describe('the outage', () => {
  const read = (...argv: string[]) => outageOf(parseFlags(argv, outageFlag));

  test('lasts 5 minutes in 20, or a quarter of what the flag says', () => {
    expect(read()).toEqual({ everyMs: 1_200_000, downMs: 300_000, firstAfterMs: 25_000 });
    expect(read('--outage-every=4m')).toEqual({ everyMs: 240_000, downMs: 60_000, firstAfterMs: 25_000 });
  });

  test.each(['0', 'soon', '-5m', '999ms'])('--outage-every=%s is refused', (text) => {
    expect(() => read(`--outage-every=${text}`)).toThrow(
      new UsageError(`flag --outage-every: expected a duration of at least 1s, such as 4m, got "${text}"`),
    );
  });

  test('is announced in the guide', () => {
    const lab = { paths: [], sizes: { small: 1024, medium: 1024, large: 1024 } };
    expect(demoGuide('http://localhost', lab, read('--outage-every=6m'))).toContain(
      'the load balancer is down for 1m30s in 6m.\n',
    );
  });
});

test('what is wrong with its own paths is not logged, unless as an error; the rest is', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'debug', format: 'logfmt', write: (line) => lines.push(line) });
  const log = withoutOwnFaults(logger);
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    log[level]('of a path', { registry: 'demo', path: 'internal' });
    log[level]('of itself', { signal: 'SIGINT' });
  }
  expect(lines.map((line) => line.replace(/^time=\S+ /, ''))).toEqual([
    'level=DEBUG msg="of itself" signal=SIGINT\n',
    'level=INFO msg="of itself" signal=SIGINT\n',
    'level=WARN msg="of itself" signal=SIGINT\n',
    'level=ERROR msg="of a path" registry=demo path=internal\n',
    'level=ERROR msg="of itself" signal=SIGINT\n',
  ]);
});

describe('--once', () => {
  const once = async (...args: readonly string[]) => {
    let out = '';
    const engine = createEngine();
    const deps = { engine, ledger: new Ledger(), eventLoopLagSeconds: () => 0 };
    const terminal = { out: (text: string) => (out += text), err: () => {}, env: {}, readInput: () => '' };
    return { code: await runCommandLine(['demo', '--once', ...args], [demoCommand(deps)], terminal), out };
  };

  test('pushes over the path without faults, says so and ends', async () => {
    expect(await once()).toEqual({
      code: 0,
      out: expect.stringMatching(/^\S+\/internal\/docker\/medium: pushed 768 KiB in /),
    });
  });

  test('fails with its cause when the path has one', async () => {
    const { code, out } = await once('--break=internal=ingress-nginx-default');
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('Remedy: ') });
  });
});
