import { expect } from 'vitest';
import { startEdge } from '../../../support/lab/edge.ts';
import { pageOf } from '../../../support/lab/pages.ts';
import { startRegistry } from '../../../support/lab/registry.ts';
import { Secret } from '../../../../src/network/secrets/secret.ts';
import { both, type FailureCase, megabyte, scriptedCase } from './case.ts';

const unauthorized = '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}';
const denied = '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}';
const byRegistry = { answeredBy: 'registry', blame: 'auth_server' } as const;

function challenged(name: string, header: string | undefined): FailureCase {
  const headers: Record<string, string> = header === undefined ? {} : { 'WWW-Authenticate': header };
  return scriptedCase(
    name,
    { 'GET /v2/': (scene) => scene.answer(401, headers, unauthorized) },
    { reason: 'auth_challenge_bad', phase: 'auth', ...byRegistry, status: 401, registryCode: 'UNAUTHORIZED' },
    { over: both },
  );
}

const challenges: readonly FailureCase[] = [
  challenged('a 401 without a challenge', undefined),
  challenged('a challenge that offers nothing usable', 'Negotiate'),
  challenged('a realm that is no URL', 'Bearer realm="ftp://tokens.example.org/",service="registry"'),
  challenged(
    'a realm on a host that the path does not allow',
    'Bearer realm="https://169.254.169.254/token",service="r"',
  ),
  scriptedCase(
    'a token service on a private address, which crane does not ask',
    {
      'GET /v2/': (scene) =>
        scene.answer(401, { 'WWW-Authenticate': 'Bearer realm="http://127.0.0.2:1/token"' }, unauthorized),
    },
    { reason: 'client_refused_realm', phase: 'auth', ...byRegistry, status: 401, registryCode: 'UNAUTHORIZED' },
    { client: 'crane' },
  ),
  {
    name: 'a token service that is down',
    expected: {
      reason: 'auth_challenge_bad',
      phase: 'connect',
      answeredBy: 'none',
      blame: 'auth_server',
      evidence: { code: 'ECONNREFUSED' },
    },
    sentBytes: 0,
    arrange: async (lab) => {
      const gone = await startRegistry();
      await gone.close();
      const header = `Bearer realm="http://127.0.0.1:${gone.port}/token",service="registry"`;
      const { url } = await lab.scripted({ 'GET /v2/': (scene) => scene.answer(401, { 'WWW-Authenticate': header }) });
      return { check: lab.check(url, { path: { allowHosts: [`127.0.0.1:${gone.port}`] } }) };
    },
  },
];

const users = [{ name: 'probe', password: 'right' }];
const wrong = { kind: 'basic', username: 'probe', password: Secret.of('wrong') } as const;
const right = { kind: 'basic', username: 'probe', password: Secret.of('right') } as const;

const rejected: readonly FailureCase[] = [
  {
    name: 'Basic asked for beside Bearer, and not taken: docker fetches a token and sends Basic',
    expected: {
      reason: 'auth_rejected',
      phase: 'start',
      ...byRegistry,
      status: 401,
      registryCode: 'UNAUTHORIZED',
      evidence: {
        challenge: expect.stringMatching(
          /^bearer realm="[^"]+" service="registry".*; basic realm="long .*…; answered with basic$/,
        ),
      },
    },
    sentBytes: 0,
    arrange: async (lab) => {
      const quirksChanges = { secondChallenge: `Basic realm="${'long '.repeat(100)}"` };
      const { url } = await lab.registry({ auth: { kind: 'bearer', users }, quirks: 'distribution-3', quirksChanges });
      return { check: lab.check(url, { registry: { credentials: right } }) };
    },
  },
  {
    name: 'a wrong password, Basic',
    over: both,
    expected: { reason: 'auth_rejected', phase: 'start', ...byRegistry, status: 401, registryCode: 'UNAUTHORIZED' },
    sentBytes: 0,
    arrange: async (lab) => {
      const { url } = await lab.registry({ auth: { kind: 'basic', users } });
      return { check: lab.check(url, { registry: { credentials: wrong } }) };
    },
  },
  {
    name: 'a wrong password at the token service',
    over: both,
    expected: { reason: 'auth_rejected', phase: 'auth', ...byRegistry, status: 401, registryCode: 'UNAUTHORIZED' },
    sentBytes: 0,
    arrange: async (lab) => {
      const { url } = await lab.registry({ auth: { kind: 'bearer', users } });
      return { check: lab.check(url, { registry: { credentials: wrong } }) };
    },
  },
  scriptedCase(
    'a user without the right to push',
    { POST: (scene) => scene.answer(403, {}, denied) },
    { reason: 'auth_rejected', phase: 'start', ...byRegistry, status: 403, registryCode: 'DENIED' },
  ),
  {
    name: 'a token service that answers with a page',
    expected: { reason: 'auth_rejected', phase: 'auth', answeredBy: 'other', blame: 'auth_server', status: 200 },
    sentBytes: 0,
    arrange: async (lab) => {
      const { url } = await lab.scripted({
        'GET /v2/token': (scene) => scene.answer(200, { 'Content-Type': 'text/html' }, '<html>sign in</html>'),
        'GET /v2/': (scene) => scene.answer(401, { 'WWW-Authenticate': 'Bearer realm="/v2/token",service="registry"' }),
      });
      return { check: lab.check(url) };
    },
  },
];

const expired: readonly FailureCase[] = [
  scriptedCase(
    'a 401 on the bytes, after the session was opened',
    {
      PATCH: async (scene) =>
        scene.answer(401, { 'WWW-Authenticate': 'Basic realm="r"' }, (await scene.read(), unauthorized)),
    },
    {
      reason: 'auth_expired',
      phase: 'wait',
      ...byRegistry,
      status: 401,
      registryCode: 'UNAUTHORIZED',
      evidence: { method: 'PATCH' },
    },
    { sentBytes: megabyte, over: both },
  ),
  {
    name: 'a token that does not outlive a slow body',
    expected: {
      reason: 'auth_expired',
      phase: 'commit',
      ...byRegistry,
      status: 401,
      registryCode: 'UNAUTHORIZED',
      evidence: { method: 'PUT' },
    },
    sentBytes: 200_000,
    arrange: async (lab) => {
      const registry = lab.own(
        // It says a minute, and lasts half a second: what a proxy that stores bodies makes of any lifetime.
        await startRegistry({ auth: { kind: 'bearer', users, tokenLifetimeMs: 500, expiresInSeconds: 60 } }),
      );
      const edge = lab.own(
        await startEdge({
          upstream: registry.url,
          faults: [{ kind: 'latency', delayMs: 700, when: { methods: ['PUT'] } }],
        }),
      );
      registry.change({ realmOrigin: edge.url });
      return { check: lab.check(edge.url, { sizeBytes: 200_000, registry: { credentials: right } }) };
    },
  },
];

const page = (status: number, kind: 'waf' | 'challenge') => pageOf('cloudflare', status, kind);

const blocked: readonly FailureCase[] = [
  scriptedCase(
    "a 403 of Cloudflare's firewall on PATCH",
    {
      PATCH: async (scene) => scene.answer(403, page(403, 'waf').headers, (await scene.read(), page(403, 'waf').body)),
    },
    { reason: 'blocked_by_policy', phase: 'wait', answeredBy: 'cloudflare', blame: 'edge', status: 403 },
    { sentBytes: megabyte, over: both },
  ),
  scriptedCase(
    'a browser challenge at the ping',
    { 'GET /v2/': (scene) => scene.answer(503, page(503, 'challenge').headers, page(503, 'challenge').body) },
    { reason: 'blocked_by_policy', phase: 'auth', answeredBy: 'cloudflare', blame: 'edge', status: 503 },
  ),
  scriptedCase(
    'a 403 of nginx',
    { POST: (scene) => scene.answer(403, pageOf('nginx', 403).headers, pageOf('nginx', 403).body) },
    { reason: 'blocked_by_policy', phase: 'start', answeredBy: 'nginx', blame: 'ingress', status: 403 },
  ),
  scriptedCase(
    'a 451',
    { POST: (scene) => scene.answer(451) },
    { reason: 'blocked_by_policy', phase: 'start', answeredBy: 'other', blame: 'unknown', status: 451 },
  ),
];

export const authCases: readonly FailureCase[] = [...challenges, ...rejected, ...expired, ...blocked];
