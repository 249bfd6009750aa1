import { describe, expect, test } from 'vitest';
import { accessFormats } from '../../../src/probe/explain/access-formats.ts';

const uri = '/v2/a/blobs/uploads/1';
const line = (status: number, bytes: number | '-', rest = '', referer = '-'): string =>
  `10.0.0.9 - probe [28/Nov/2026:22:00:00 +0000] "PATCH ${uri}?_state=x HTTP/1.1" ${status} ${bytes} "${referer}" "docker/29.7.2"${rest}`;
const formatOf = (start: string) => accessFormats.find(({ name }) => name.startsWith(start));
const common = { method: 'PATCH', uri, userAgent: 'docker/29.7.2' };

describe('ingress-nginx', () => {
  const read = (
    status: number,
    upstreamStatus: string,
    more: { bytes?: number; length?: number; seconds?: string } = {},
  ) =>
    formatOf('ingress-nginx')?.read(
      line(
        status,
        more.bytes ?? 176,
        ` ${more.length ?? 1_048_800} ${more.seconds ?? '0.4126'} [registry-5000] [] 10.0.0.5:5000 0 0.412 ${upstreamStatus} 4bf9`,
      ),
    );

  test('what a line says', () => {
    expect(read(413, '-')).toEqual({
      ...common,
      status: 413,
      clientGone: false,
      answeredBy: 'nginx',
      sentBytes: 1_048_800,
      elapsedMs: 413,
    });
  });

  test.each([
    [502, '502', 'nginx'],
    [504, '504', 'nginx'],
    [413, '413', 'other'],
    [499, '-', 'none'],
  ])('%d, of an upstream that said %s, is of %s', (status, upstream, answeredBy) => {
    expect(read(status, upstream)).toMatchObject({ answeredBy, clientGone: answeredBy === 'none' });
  });

  test('a client that went away in its body', () => {
    expect(read(400, '-', { bytes: 0 })).toMatchObject({ answeredBy: 'none', clientGone: true });
  });

  test('another format is not read', () => {
    expect(formatOf('ingress-nginx')?.read(line(413, 176))).toBeUndefined();
    expect(formatOf('ingress-nginx')?.read('x')).toBeUndefined();
  });
});

describe('Traefik', () => {
  const read = (status: number, bytes: number, upstream: string) =>
    formatOf('Traefik access log')?.read(line(status, bytes, ` 7 "registry@docker" "${upstream}" 60001ms`));

  test('what a line says', () => {
    expect(read(413, 176, 'http://10.0.0.5:5000')).toEqual({
      ...common,
      status: 413,
      clientGone: false,
      answeredBy: 'other',
      elapsedMs: 60_001,
    });
  });

  test.each([
    [413, 176, '-', 'traefik'],
    [499, 21, 'http://10.0.0.5:5000', 'traefik'],
    [502, 11, 'http://10.0.0.5:5000', 'traefik'],
    [502, 12, 'http://10.0.0.5:5000', 'other'],
    [504, 15, 'http://10.0.0.5:5000', 'traefik'],
  ])('%d with %d bytes, from %s, is of %s', (status, bytes, upstream, answeredBy) => {
    expect(read(status, bytes, upstream)).toMatchObject({ answeredBy });
  });

  test('another format is not read', () => {
    expect(formatOf('Traefik access log')?.read(line(413, 176))).toBeUndefined();
  });
});

describe('a registry', () => {
  const read = (status: number, bytes: number, rest = '') =>
    formatOf('access log of a registry')?.read(line(status, bytes, rest, ''));

  test.each([
    [403, 0, { answeredBy: 'registry', answer: '' }],
    [404, 19, { answeredBy: 'registry', answer: undefined }],
    [500, 0, { answeredBy: 'other', answer: '' }],
  ])('%d with %d bytes', (status, bytes, wanted) => {
    expect(read(status, bytes)).toEqual({ ...common, status, clientGone: false, ...wanted });
  });

  test('with something behind, or with the dash of nginx, it is none', () => {
    expect(read(403, 0, ' 7')).toBeUndefined();
    expect(formatOf('access log of a registry')?.read(line(403, 0))).toBeUndefined();
    expect(formatOf('access log of a registry')?.read('x "" "')).toBeUndefined();
  });
});

describe('a combined log', () => {
  const read = (text: string) => formatOf('combined')?.read(text);

  test.each([
    [413, 176, 'nginx'],
    [408, 0, 'nginx'],
    [403, 9, 'other'],
    [499, 0, 'none'],
    [400, 0, 'none'],
  ])('%d with %d bytes is of %s', (status, bytes, answeredBy) => {
    expect(read(line(status, bytes))).toMatchObject({ answeredBy, clientGone: answeredBy === 'none', uri });
  });

  test('with a virtual host before it, and with no bytes', () => {
    expect(read(`git.example.org:443 ${line(413, '-')}`)).toMatchObject({ status: 413 });
    expect(read('x')).toBeUndefined();
  });
});
