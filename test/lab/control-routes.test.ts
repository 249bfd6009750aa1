import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoRoutes } from '../../src/lab/control-routes.ts';
import { type DemoLab, startLab } from '../../src/lab/lab.ts';
import { presetNames } from '../../src/lab/presets.ts';
import { buildServer } from '../../src/server/server.ts';
import { serverDeps } from '../support/server-fixtures.ts';

let lab: DemoLab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

function server(extraRoutes?: ReturnType<typeof demoRoutes>) {
  return buildServer(serverDeps({ extraRoutes }));
}

/** Status and body of a POST. */
async function post(url: string, app = server(demoRoutes(lab))): Promise<[number, string]> {
  const { statusCode, body } = await app.inject({ method: 'POST', url });
  await app.close();
  return [statusCode, body];
}

test('breaks a path as a preset has it, heals it and makes it as it was', async () => {
  const edge = lab.edge('envoy');
  const before = edge.faults;
  expect(await post('/demo/break?path=envoy&preset=cloudflared-quic')).toEqual([200, 'envoy: now cloudflared-quic\n']);
  expect(edge.faults.map(({ kind }) => kind)).toContain('drop-undeclared-body');
  expect(await post('/demo/heal?path=envoy')).toEqual([200, 'envoy: nothing is in the way any more\n']);
  expect(edge.faults).toEqual([]);
  expect(await post('/demo/restore?path=envoy')).toEqual([200, 'envoy: as at the start\n']);
  expect(edge.faults).toEqual(before);
});

test('heals and restores all paths at once', async () => {
  const faults = () => lab.paths.map(({ name }) => lab.edge(name).faults.length);
  const before = faults();
  expect(await post('/demo/heal?path=all')).toEqual([200, 'all: nothing is in the way any more\n']);
  expect(faults()).toEqual(lab.paths.map(() => 0));
  expect(await post('/demo/restore?path=all')).toEqual([200, 'all: as at the start\n']);
  expect(faults()).toEqual(before);
});

const paths =
  'cloudflare, internal, loadbalancer, bypass, internal-tls, cloudflare-free, cloudflare-enterprise, cloudflared-quic, ingress-nginx-default, traefik-3, envoy, alb';
test.each([
  ['/demo/break?path=nowhere&preset=envoy', `no path "nowhere"; there are ${paths}\n`],
  ['/demo/break?preset=envoy', `no path ""; there are ${paths}\n`],
  ['/demo/break?path=all&preset=envoy', `no path "all"; there are ${paths}\n`],
  ['/demo/break?path=envoy&preset=squid', `no preset "squid"; there are ${presetNames.join(', ')}\n`],
  ['/demo/break?path=envoy', `no preset ""; there are ${presetNames.join(', ')}\n`],
  ['/demo/heal?path=%3Cb%3E', `no path "<b>"; there are ${paths}, all\n`],
])('refuses %s', async (url, message) => {
  expect(await post(url)).toEqual([400, message]);
});

test.each(['break', 'heal', 'restore'])('%s: GET is not allowed; without the demo nothing is there', async (action) => {
  const app = server(demoRoutes(lab));
  expect((await app.inject(`/demo/${action}?path=envoy`)).statusCode).toBe(405);
  await app.close();
  expect(await post(`/demo/${action}?path=envoy&preset=envoy`, server())).toEqual([404, expect.any(String)]);
});
