import { apiCheckEndpoints } from '../probe/api-check.ts';
import { verdictKinds } from '../probe/verdict.ts';
import { described, flag, list, object, oneOf, ref, text, time } from './openapi-schema.ts';

const endpoint = object({ up: flag }, { note: text, failure: ref('Failure') });

/** The API of a registry over one path. */
export const apiSchema = object({
  registry: text,
  path: text,
  endpoints: object(Object.fromEntries(apiCheckEndpoints.map((name) => [name, endpoint]))),
});

/** What the daemon reports on one registry. */
export const reportSchema = object({
  generatedAt: time,
  version: text,
  registry: text,
  repository: text,
  paths: list(object({ name: text, origin: text, kind: text })),
  routing: described(list(text), 'Which sizes get through over which paths, by client.'),
  rounds: list(object({ client: text, workload: text, kind: oneOf(verdictKinds), why: text })),
  apis: list(ref('Api')),
  limits: list(ref('Limit')),
  runs: described(list(ref('RunSummary')), 'All that the report is made of; /api/v1/runs/{id} has their requests.'),
});
