import { describe, expect, test } from 'vitest';
import { changeFlags, changesOf } from '../../src/cli/demo-changes.ts';
import { demoGuide, demoList } from '../../src/cli/demo-guide.ts';
import { outageFlag, outageOf } from '../../src/cli/demo-outage.ts';
import { parseFlags, UsageError } from '../../src/cli/flags.ts';
import { presetNames } from '../../src/demo/presets.ts';

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
    ['--break=one', `flag --break: no preset ""; there are ${presetNames.join(', ')}`],
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
