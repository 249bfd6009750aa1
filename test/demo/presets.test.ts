import { afterEach, describe, expect, test } from 'vitest';
import { startEdge } from '../../src/demo/edge.ts';
import type { Fault } from '../../src/demo/faults/fault.ts';
import type { PresetName } from '../../src/demo/presets.ts';
import { demoScale, presetNames, presetOf } from '../../src/demo/presets.ts';
import { startRegistry } from '../../src/demo/registry.ts';
import type { WireResponse } from './wire.ts';
import { send } from './wire.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** The page of a preset's kind of proxy for this status. */
async function page(name: PresetName, fault: Fault): Promise<WireResponse> {
  const edge = await startEdge({ upstream: 'http://127.0.0.1:1', identity: presetOf(name).identity, faults: [fault] });
  closers.push(edge.close);
  return send(`${edge.url}/v2/`);
}

/** Preset, status, Server, what the body is recognised by. */
const pages: [PresetName, number, string | undefined, string | RegExp][] = [
  ['cloudflare-free', 413, 'cloudflare', '<center>cloudflare</center>'],
  ['cloudflare-free', 524, 'cloudflare', 'error code: 524'],
  ['cloudflare-enterprise', 502, 'cloudflare', 'error code: 502'],
  ['cloudflared-quic', 413, 'cloudflare', '<center>cloudflare</center>'],
  ['ingress-nginx-default', 413, 'nginx', '<hr><center>nginx</center>'],
  ['ingress-nginx-default', 504, 'nginx', '<center><h1>504 Gateway Time-out</h1></center>'],
  ['traefik-3', 499, undefined, /^Client Closed Request$/],
  ['traefik-3', 502, undefined, /^Bad Gateway$/],
  ['traefik-3', 504, undefined, /^Gateway Timeout$/],
  ['envoy', 504, 'envoy', /^upstream request timeout$/],
  ['envoy', 503, 'envoy', 'upstream connect error or disconnect/reset before headers'],
  ['envoy', 413, 'envoy', /^Payload Too Large$/],
  ['alb', 504, 'awselb/2.0', '<center><h1>504 Gateway Time-out</h1></center>'],
  ['haproxy', 504, undefined, /^<html><body><h1>504 Gateway Time-out<\/h1>/],
  ['haproxy', 503, undefined, '<h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n'],
  ['ingress-nginx-default', 503, 'nginx', '<h1>503 Service Temporarily Unavailable</h1>'],
];
test.each(pages)('%s shows its own page for %d', async (name, status, server, body) => {
  const answer = await page(name, { kind: 'answer', status });
  expect([answer.status, answer.headers['server']]).toEqual([status, server]);
  expect(answer.body.toString()).toMatch(body);
  expect(answer.headers['docker-distribution-api-version']).toBeUndefined();
  expect(answer.headers['cf-ray'] !== undefined).toBe(name.startsWith('cloudflare'));
});

test('Cloudflare’s other faces: firewall, challenge, a tunnel that is down', async () => {
  const waf = await page('cloudflare-free', { kind: 'answer', status: 403, page: 'waf' });
  expect([waf.headers['content-type'], waf.body.toString()]).toEqual([
    'text/html; charset=UTF-8',
    expect.stringContaining('1020'),
  ]);
  const challenge = await page('cloudflare-free', { kind: 'answer', status: 403, page: 'challenge' });
  expect([challenge.headers['cf-mitigated'], challenge.body.toString()]).toEqual([
    'challenge',
    expect.stringContaining('Just a moment...'),
  ]);
  const tunnel = await page('cloudflared-quic', { kind: 'answer', status: 530, page: 'tunnel-down' });
  expect([tunnel.status, tunnel.body.toString()]).toEqual([530, 'error code: 1033']);
});

/** What a preset's proxy adds to an answer it passes on. */
const passed: [PresetName, Record<string, unknown>][] = [
  ['cloudflare-free', { server: 'cloudflare', 'cf-ray': expect.stringMatching(/^[0-9a-f]{16}-[A-Z]{3}$/) }],
  ['ingress-nginx-default', { server: 'nginx' }],
  ['traefik-3', { server: undefined }],
  ['envoy', { server: 'envoy', 'x-envoy-upstream-service-time': expect.stringMatching(/^[0-9]+$/) }],
  ['alb', { server: undefined }],
  ['haproxy', { server: undefined }],
];
test.each(passed)('%s marks what it passes on, and leaves the registry’s mark', async (name, headers) => {
  const registry = await startRegistry();
  const edge = await startEdge({ upstream: registry.url, identity: presetOf(name).identity });
  closers.push(edge.close, registry.close);
  const answer = await send(`${edge.url}/v2/`);
  const seen = Object.fromEntries(Object.keys(headers).map((key) => [key, answer.headers[key]]));
  expect(seen).toEqual(headers);
  expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
  expect(registry.requests[0]?.headers).toMatchObject({
    'x-forwarded-proto': 'http',
    'x-forwarded-host': new URL(edge.url).host,
    'x-forwarded-for': '127.0.0.1',
  });
});

describe('numbers', () => {
  const limits = (name: PresetName, scale?: { size: number; time: number }) =>
    presetOf(name, scale).faults.map((fault) => {
      if (fault.kind === 'body-limit') return fault.limitBytes;
      return 'limitMs' in fault ? `${fault.kind} ${fault.limitMs}` : fault.kind;
    });

  test('as documented', () => {
    expect(Object.fromEntries(presetNames.map((name) => [name, limits(name)]))).toEqual({
      'cloudflare-free': [100_000_000, 'response-timeout 120000'],
      'cloudflare-enterprise': [500_000_000, 'response-timeout 120000'],
      'cloudflared-quic': [100_000_000, 'response-timeout 120000', 'drop-undeclared-body'],
      'ingress-nginx-default': [1_048_576, 'idle-cut 60000', 'buffer-request', 'response-timeout 60000'],
      'traefik-3': ['total-duration 60000'],
      envoy: ['response-timeout 15000', 'idle-cut 300000'],
      alb: ['idle-cut 60000', 'response-timeout 60000'],
      haproxy: ['idle-cut 50000', 'response-timeout 50000'],
    });
  });

  test('scaled for the demo', () => {
    expect(limits('cloudflare-free', demoScale)).toEqual([1_000_000, 'response-timeout 2400']);
    expect(limits('traefik-3', demoScale)).toEqual(['total-duration 1200']);
    expect(limits('ingress-nginx-default', demoScale)[0]).toBe(524_288);
  });
});
