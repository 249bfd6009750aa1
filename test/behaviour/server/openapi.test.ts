import { foundLimit } from '../../support/limits.ts';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CleanupReport } from '../../../src/probe/outcome.ts';
import { list, number, object, type ShapeOf } from '../../../src/publish/api/schema.ts';
import { History } from '../../../src/publish/history.ts';
import type { LiveRun } from '../../../src/publish/live-run.ts';
import type { RunAnswer } from '../../../src/server/on-demand.ts';
import { buildServer } from '../../../src/server/server.ts';
import { attempt, check, failedRun, failure, requestRecord, successfulRun } from '../../support/run-fixtures.ts';
import { round, serverDeps } from '../../support/server-fixtures.ts';

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { schema: object }>> }>>;
}

interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const live: LiveRun = {
  id: 'live-1',
  check: check(),
  state: 'running',
  since: new Date('2026-11-24T00:09:00Z'),
  onDemand: true,
  progress: {
    phase: 'send',
    blob: 'blob',
    attempt: 2,
    maxAttempts: 5,
    sentBytes: 10,
    totalBytes: 20,
    waitingMs: 1_500.5,
  },
};

const full = failure({
  registryCode: 'DIGEST_INVALID',
  evidence: {
    message: 'm',
    method: 'PUT',
    url: 'http://x/',
    code: 'ECONNRESET',
    timer: 'headers',
    headers: { server: 'nginx' },
    body: 'b',
    range: '0-1',
    location: '/x',
    early: true,
    socketReused: false,
    httpVersion: '1.1',
    rayId: 'abcdef01',
    sinceLastByteMs: 1.5,
  },
});

const fullRun = failedRun(
  {
    id: 'full',
    attempts: [
      attempt({
        failure: full,
        requests: [
          requestRecord({
            errorCode: 'ECONNRESET',
            dnsMs: 0.5,
            tlsMs: 2,
            progress: [
              [30, 0],
              [330, 7],
            ],
          }),
        ],
      }),
    ],
    cleanup: { durationMs: 1.5, failures: [{ kind: 'session', reason: 'deadline', message: 'm' }] },
    pathFacts: {
      remoteAddress: '192.0.2.1',
      family: 6,
      httpVersion: '2',
      tlsVersion: 'TLSv1.3',
      tlsIssuer: 'CA',
      certificateExpiresAt: new Date('2027-01-01T00:00:00Z'),
      foreignRealmHost: 'auth.example',
      foreignLocationHost: 'up.example',
    },
    pullBytesPerSecond: 5.5,
    heldBytes: 4_096,
  },
  full,
);

let answerOfRun: RunAnswer = { kind: 'started', id: 'live-1', run: new Promise(() => {}) };
let app: FastifyInstance;
let document: Document;
let ajv: Ajv2020;

beforeAll(async () => {
  const history = new History();
  history.add(successfulRun({ id: 'good' }));
  history.add(fullRun);
  history.addOnDemand(successfulRun({ id: 'asked' }));
  app = buildServer(
    serverDeps({
      history,
      checks: () => [check(), check({ path: 'edge' })],
      readiness: () => ({ ready: false, reason: 'why' }),
      notices: () => ['one'],
      pause: {
        state: () => ({ since: new Date(0), until: new Date(1) }),
        pause: (forText) => (forText === 'soon' ? { error: 'e' } : { since: new Date(0) }),
        resume: () => {},
      },
      liveRuns: { list: () => [live], get: (id) => (id === live.id ? live : undefined) },
      onDemand: { start: () => answerOfRun },
      verdicts: () => [{ registry: 'gitea', sentence: 's', remedy: 'r' }],
      rounds: () => [round({ kind: 'healthy', why: 'w' })],
      apis: () => [
        {
          registry: 'gitea',
          path: 'edge',
          endpoints: {
            ping: { up: true },
            auth: { up: false, failure: full },
            catalog: { up: true, note: 'n' },
            tags: { up: true },
          },
        },
      ],
      limits: () => [foundLimit({ largestAccepted: 10.5 })],
    }),
  );
  document = (await app.inject('/api/v1/openapi.json')).json();
  ajv = new Ajv2020({ strict: false, allErrors: true });
  ajvFormats.default(ajv);
  ajv.addSchema(document, 'api');
});

/** The schema that the document has for this answer; throws when it has none. */
function validatorOf(path: string, method: string, status: number): ValidateFunction {
  const operation = document.paths[path]?.[method];
  if (operation?.responses[status] === undefined)
    throw new Error(`${method} ${path} has no answer ${status} in the document`);
  const pointer = ['paths', path, method, 'responses', String(status), 'content', 'application/json', 'schema']
    .map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  return ajv.compile({ $ref: `api#/${pointer}` });
}

function errorsOf(path: string, method: string, status: number, value: unknown): unknown {
  const validate = validatorOf(path, method, status);
  return validate(value) ? [] : validate.errors;
}

const seen = new Set<string>();

test.each<[url: string, path: string, status: number]>([
  ['/api/v1/status', '/api/v1/status', 200],
  ['/api/v1/runs', '/api/v1/runs', 200],
  ['/api/v1/runs?failures', '/api/v1/runs', 200],
  ['/api/v1/runs/good', '/api/v1/runs/{id}', 200],
  ['/api/v1/runs/full', '/api/v1/runs/{id}', 200],
  ['/api/v1/runs/asked', '/api/v1/runs/{id}', 200],
  ['/api/v1/runs/live-1', '/api/v1/runs/{id}', 202],
  ['/api/v1/runs/none', '/api/v1/runs/{id}', 404],
  ['/api/v1/limits', '/api/v1/limits', 200],
  ['/api/v1/verdicts', '/api/v1/verdicts', 200],
  ['/api/v1/report', '/api/v1/report', 200],
  ['/api/v1/report?registry=gitea', '/api/v1/report', 200],
  ['/api/v1/report?registry=none', '/api/v1/report', 404],
  ['/api/v1/advise', '/api/v1/advise', 200],
  ['/api/v1/advise?layers=1024,2000000&registry=gitea', '/api/v1/advise', 200],
  ['/api/v1/advise?layers=1MiB', '/api/v1/advise', 400],
  ['/api/v1/advise?registry=none', '/api/v1/advise', 404],
])('%s is as documented', async (url, path, status) => {
  seen.add(`get ${path}`);
  const answer = await app.inject(url);
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(errorsOf(path, 'get', status, answer.json())).toEqual([]);
});

test.each<[number, RunAnswer, Record<string, string>]>([
  [202, { kind: 'started', id: 'x', run: new Promise(() => {}) }, {}],
  [400, { kind: 'refused', message: 'no' }, {}],
  [503, { kind: 'busy', reason: 'busy', message: 'later', retryAfterSeconds: 1 }, {}],
  [403, { kind: 'refused', message: 'no' }, { 'sec-fetch-site': 'cross-site' }],
  [415, { kind: 'refused', message: 'no' }, { 'content-type': 'text/plain' }],
])('POST /api/v1/run answers %d as documented', async (status, answer, headers) => {
  seen.add('post /api/v1/run');
  answerOfRun = answer;
  const sent = await app.inject({
    method: 'POST',
    url: '/api/v1/run',
    headers: { 'content-type': 'application/json', ...headers },
    payload: '{}',
  });
  expect(sent.statusCode).toBe(status);
  expect(errorsOf('/api/v1/run', 'post', status, sent.json())).toEqual([]);
});

test.each<[number, string, Record<string, string>]>([
  [200, '/api/v1/pause?for=1h', {}],
  [400, '/api/v1/pause?for=soon', {}],
  [403, '/api/v1/pause', { 'sec-fetch-site': 'cross-site' }],
  [200, '/api/v1/resume', {}],
  [403, '/api/v1/resume', { 'sec-fetch-site': 'cross-site' }],
])('answers %d to POST %s as documented', async (status, url, headers) => {
  const [path = ''] = url.split('?');
  seen.add(`post ${path}`);
  const sent = await app.inject({ method: 'POST', url, headers });
  expect(sent.statusCode).toBe(status);
  expect(errorsOf(path, 'post', status, sent.json())).toEqual([]);
});

describe('the document', () => {
  test('is OpenAPI 3.1, whose references all lead somewhere', () => {
    expect(document.openapi).toBe('3.1.0');
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(10);
    for (const [, name = ''] of references) expect(Object.keys(document.components.schemas)).toContain(name);
  });

  test('has no operation that was not looked at above', () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(operations.toSorted()).toEqual([...seen].toSorted());
  });

  test('knows what is wrong: a field too many, one too few, one of the wrong type', async () => {
    const value = (await app.inject('/api/v1/runs/good')).json<Record<string, unknown>>();
    const errors = (changed: object): unknown => errorsOf('/api/v1/runs/{id}', 'get', 200, changed);
    expect(errors({ ...value, secret: 'x' })).not.toEqual([]);
    expect(errors({ ...value, id: undefined })).not.toEqual([]);
    expect(errors({ ...value, durationMs: '5' })).not.toEqual([]);
    expect(errors({ ...value, startedAt: 'yesterday' })).not.toEqual([]);
  });

  test('says where the API is when a proxy puts a path before it', async () => {
    const elsewhere = buildServer(serverDeps({ paths: { routePrefix: '/', externalPath: '/tools' } }));
    expect((await elsewhere.inject('/api/v1/openapi.json')).json()).toMatchObject({ servers: [{ url: '/tools' }] });
    expect(document.servers).toEqual([{ url: '/' }]);
  });
});

test('nothing of a run is lost on the way through the schemas', async () => {
  const sent = (await app.inject('/api/v1/runs/full')).json();
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  expect(sent).toMatchObject({
    attempts: plain(fullRun.attempts) as object,
    failure: plain(fullRun.failure) as object,
    pathFacts: plain(fullRun.pathFacts) as object,
    cleanup: plain(fullRun.cleanup) as object,
    pullBytesPerSecond: 5.5,
    heldBytes: 4_096,
  });
  expect((await app.inject('/api/v1/runs/live-1')).json().progress).toEqual(live.progress);
  expect((await app.inject('/api/v1/limits')).json().limits[0].bounds).toEqual({ largest_accepted: 10.5 });
});

test('a field that an outcome has and the schema has not does not compile', () => {
  const known = { durationMs: number, failures: list(object({})) };
  // @ts-expect-error -- `failures` is missing: without this complaint it would be dropped from every answer
  const forgetful: ShapeOf<CleanupReport> = { durationMs: number };
  expect(Object.keys(known)).toEqual([...Object.keys(forgetful), 'failures']);
});

test('each field of a run but its check is in the answer', async () => {
  const sent = (await app.inject('/api/v1/runs/full')).json();
  const { check: _check, ...fields } = fullRun;
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  expect(present.length).toBeGreaterThan(15);
  expect(Object.keys(sent)).toEqual(expect.arrayContaining(present.map(([name]) => name)));
});
