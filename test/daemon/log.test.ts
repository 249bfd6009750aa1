import { expect, test } from 'vitest';
import { createLogger, type LogFormat, type LogLevel } from '../../src/daemon/log.ts';
import { Secret } from '../../src/network/secrets/secret.ts';

function lines(level: LogLevel, format: LogFormat) {
  const written: string[] = [];
  return { written, log: createLogger({ level, format, write: (line) => written.push(line) }) };
}

test('logfmt: time, level and msg first, values quoted only when they must be', () => {
  const { log, written } = lines('info', 'logfmt');
  log.warn('push failed', {
    registry: 'gitea',
    status: 413,
    message: 'too "large"',
    empty: '',
    gone: undefined,
    ok: false,
  });
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=WARN msg="push failed" /);
  expect(written[0]!.slice(written[0]!.indexOf('registry='))).toBe(
    'registry=gitea status=413 message="too \\"large\\"" empty="" ok=false\n',
  );
});

test('a value cannot forge a line or a field', () => {
  const { log, written } = lines('info', 'logfmt');
  log.info('x', { body: 'a\nlevel=ERROR msg=forged', separator: 'b\u2028c', equals: 'd=e' });
  expect(written.join('').match(/\n/g)).toHaveLength(1);
  expect(written[0]).toContain('body="a\\nlevel=ERROR msg=forged"');
  expect(written[0]).toContain('equals="d=e"');
});

test('json: the same words', () => {
  const { log, written } = lines('info', 'json');
  log.error('push failed', { reason: 'body_too_large', sent_bytes: 5 });
  const { time, ...rest } = JSON.parse(written[0]!) as Record<string, unknown>;
  expect(rest).toEqual({ level: 'ERROR', msg: 'push failed', reason: 'body_too_large', sent_bytes: 5 });
  expect(Number.isNaN(Date.parse(String(time)))).toBe(false);
});

test('levels below the chosen one are left out', () => {
  const { log, written } = lines('warn', 'logfmt');
  log.debug('a');
  log.info('b');
  log.warn('c');
  expect(written).toHaveLength(1);
});

test('a secret in a field prints as such', () => {
  const { log, written } = lines('info', 'logfmt');
  log.info('x', { password: Secret.of('hunter2') as unknown as string });
  expect(written[0]).toContain('password=<secret>');
  expect(written[0]).not.toContain('hunter2');
});
