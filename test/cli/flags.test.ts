import { expect, test } from 'vitest';
import { describeFlags, type Flags, oneOf, parseFlags, UsageError } from '../../src/cli/flags.ts';

const flags: Flags = {
  'config.file': { kind: 'text', placeholder: 'FILE', help: 'Configuration.' },
  'config.check': { kind: 'switch', help: 'Check only.' },
  'web.listen-address': { kind: 'list', placeholder: '[HOST]:PORT', help: 'Where to listen.' },
};

test('values come with an equals sign or as the next argument; a list keeps its order', () => {
  const values = parseFlags(
    ['--config.file', 'a b.yaml', '--web.listen-address=:1', '--config.check', '--web.listen-address', '[::1]:2'],
    flags,
  );
  expect(values.text('config.file')).toBe('a b.yaml');
  expect(values.isSet('config.check')).toBe(true);
  expect(values.list('web.listen-address')).toEqual([':1', '[::1]:2']);
});

test('flags that are not given are not set', () => {
  const values = parseFlags([], flags);
  expect(values.isSet('config.check')).toBe(false);
  expect(values.text('config.file')).toBeUndefined();
  expect(values.list('web.listen-address')).toEqual([]);
});

test('a value may hold equals signs', () => {
  expect(parseFlags(['--config.file=a=b'], flags).text('config.file')).toBe('a=b');
});

test.each<[string[], string]>([
  [['--config.flie=x'], 'unknown flag --config.flie, did you mean --config.file?'],
  [['--config-file=x'], 'unknown flag --config-file, did you mean --config.file?'],
  [['--zzz'], 'unknown flag --zzz'],
  [['--port', '8080'], 'unknown flag --port'],
  [['--config', 'config.yaml'], 'unknown flag --config, did you mean --config.file?'],
  [['-config.file=x'], 'unknown flag -config.file=x, did you mean --config.file=x?'],
  [['-v'], 'unknown flag -v'],
  [['--toString'], 'unknown flag --toString'],
  [['--config.check=yes'], 'flag --config.check takes no value'],
  [['--config.file'], 'flag --config.file needs a value: --config.file=FILE'],
  [['--config.file='], 'flag --config.file needs a value: --config.file=FILE'],
  [['--config.file', '--config.check'], 'flag --config.file needs a value: --config.file=FILE'],
  [['--config.file=a', '--config.file=b'], 'flag --config.file given twice'],
  [['config.yaml'], 'unexpected argument "config.yaml"'],
  [['--', 'config.yaml'], 'unexpected argument "config.yaml"'],
])('%j is refused: %s', (argv, message) => {
  expect(() => parseFlags(argv, flags)).toThrow(new UsageError(message));
});

test('a value out of its set is refused with the set', () => {
  expect(oneOf('log.format', 'json', ['logfmt', 'json'])).toBe('json');
  expect(() => oneOf('log.format', 'xml', ['logfmt', 'json'])).toThrow(
    new UsageError('flag --log.format: expected logfmt or json, got "xml"'),
  );
});

test('the help text lines flags up', () => {
  expect(describeFlags(flags)).toBe(
    '  --config.file=FILE                Configuration.\n' +
      '  --config.check                    Check only.\n' +
      '  --web.listen-address=[HOST]:PORT  Where to listen.\n',
  );
});

test('the help text keeps to the columns of a terminal: the words stand beside the flag, or below it where there is little room', () => {
  const long = {
    'web.listen-address': { kind: 'text', help: 'One two three four five six seven eight nine ten.' },
  } as const;
  const lines = (columns: number): string[] => describeFlags(long, columns).trimEnd().split('\n');
  expect(lines(72)).toEqual([
    '  --web.listen-address=VALUE  One two three four five six seven eight',
    '                              nine ten.',
  ]);
  expect(lines(40)).toEqual([
    '  --web.listen-address=VALUE',
    '      One two three four five six seven',
    '      eight nine ten.',
  ]);
});
