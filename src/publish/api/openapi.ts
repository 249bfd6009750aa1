import type { JsonSchema } from './schema.ts';
import { apiSchemas } from './schemas.ts';

/** A row of what the API can do. */
export interface Operation {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  /** Status code → name of a schema of `apiSchemas`. */
  readonly answers: Readonly<Record<number, string>>;
  readonly query?: Readonly<Record<string, JsonSchema>>;
  readonly body?: string;
}

/** What the API can do: routes take their schemas from here, and so does the document. */
export const operations = {
  status: {
    method: 'get',
    path: '/api/v1/status',
    summary: 'State of all checks.',
    answers: { 200: 'Status', 400: 'Error' },
    query: {
      registry: { type: 'string', description: 'Only checks of this registry.' },
      recent: {
        type: 'integer',
        minimum: 0,
        maximum: 40,
        description: 'Recent runs of each check. Default 40, and 0 when there are more than 120 checks.',
      },
    },
  },
  runs: {
    method: 'get',
    path: '/api/v1/runs',
    summary: 'Runs under way, and those in memory, newest first.',
    answers: { 200: 'Runs', 400: 'Error' },
    query: {
      check: { type: 'string', description: 'Only of this check: registry/path/client/workload.' },
      failures: { type: 'boolean', description: 'Only failed runs.' },
      limit: { type: 'integer', minimum: 1, maximum: 200, default: 200 },
    },
  },
  run: {
    method: 'get',
    path: '/api/v1/runs/{id}',
    summary: 'One run request by request. 202 while it is under way.',
    answers: { 200: 'Run', 202: 'LiveRun', 404: 'Error' },
  },
  limits: {
    method: 'get',
    path: '/api/v1/limits',
    summary: 'Largest accepted and smallest rejected values of each path.',
    answers: { 200: 'Limits' },
  },
  verdicts: {
    method: 'get',
    path: '/api/v1/verdicts',
    summary: 'What the last rounds say about each registry.',
    answers: { 200: 'Verdicts' },
  },
  report: {
    method: 'get',
    path: '/api/v1/report',
    summary: 'What history, rounds, searches and API checks say about each registry, for somebody who was not there.',
    answers: { 200: 'Reports', 404: 'Error' },
    query: { registry: { type: 'string', description: 'Only about this registry.' } },
  },
  advise: {
    method: 'get',
    path: '/api/v1/advise',
    summary: 'Whether an image with such layers gets through, by path and client, and what that is known by.',
    answers: { 200: 'Advised', 400: 'Error', 404: 'Error' },
    query: {
      layers: {
        type: 'string',
        description: 'Sizes of the layers in bytes, as they are sent, separated by commas. Absent: only what is known.',
      },
      registry: { type: 'string', description: 'Only of this registry.' },
    },
  },
  start: {
    method: 'post',
    path: '/api/v1/run',
    summary: 'Starts a run now, or queues it; when the same is under way, gives that one.',
    answers: { 202: 'RunStarted', 400: 'Error', 403: 'Error', 415: 'Error', 503: 'Error' },
    body: 'RunRequest',
  },
  pause: {
    method: 'post',
    path: '/api/v1/pause',
    summary: 'Starts no more runs, cancels those under way and cleans up after them, until resumed.',
    answers: { 200: 'Pause', 400: 'Error', 403: 'Error' },
    query: {
      for: { type: 'string', description: 'Resume by itself after this time, as Prometheus writes it: 1h30m.' },
    },
  },
  resume: {
    method: 'post',
    path: '/api/v1/resume',
    summary: 'Ends a pause.',
    answers: { 200: 'Pause', 403: 'Error' },
  },
} as const satisfies Readonly<Record<string, Operation>>;

/** The OpenAPI 3.1 document of the API. `base`: path that all URLs begin with, empty or without a slash at its end. */
export function openApiDocument(version: string, base: string): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, operation] of Object.entries(operations) as [string, Operation][])
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(id, operation) };
  return {
    openapi: '3.1.0',
    info: { title: 'blobprobe', version, description: 'Times are RFC 3339, durations milliseconds, sizes bytes.' },
    servers: [{ url: base === '' ? '/' : base }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(apiSchemas).map(([name, schema]) => [name, inDocument(schema)])),
    },
  };
}

function describe(operationId: string, { summary, path, query = {}, body, answers }: Operation): object {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(([name, schema]) => ({ name, in: 'query', schema }));
  return {
    operationId,
    summary,
    parameters: inPath.length + inQuery.length === 0 ? undefined : [...inPath, ...inQuery],
    requestBody: body === undefined ? undefined : { required: true, content: json(body) },
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, name]) => [status, { description: name, content: json(name) }]),
    ),
  };
}

function json(name: string): object {
  return { 'application/json': { schema: inDocument({ $ref: `${name}#` }) } };
}

/** `Name#` → `#/components/schemas/Name`. */
function inDocument(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inDocument);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? `#/components/schemas/${inner.slice(0, -1)}` : inDocument(inner),
    ]),
  );
}
