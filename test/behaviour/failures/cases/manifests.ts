import type { FailureReason } from '../../../../src/probe/failure.ts';
import type { Reaction } from '../../../support/lab/intercept.ts';
import type { FailureCase } from './case.ts';

interface Row {
  readonly name: string;
  readonly status: number;
  readonly reason: FailureReason;
  readonly code?: string;
  readonly message?: string;
  /** Default: an answer of the status, with the registry's error. */
  readonly reaction?: Reaction;
  readonly blame?: FailureCase['expected']['blame'];
}

/** An image whose blobs are taken, and whose manifest is answered in this way. */
const rows: readonly Row[] = [
  { name: 'unknown blobs', status: 404, code: 'MANIFEST_BLOB_UNKNOWN', reason: 'manifest_refused' },
  { name: 'a policy', status: 403, code: 'DENIED', message: 'not signed', reason: 'manifest_refused' },
  { name: 'a tag that must not move', status: 412, code: 'PRECONDITION', reason: 'manifest_refused' },
  { name: 'a quota', status: 403, code: 'DENIED', message: 'quota of tags exceeded', reason: 'quota_exceeded' },
  { name: 'too many requests', status: 429, code: 'TOOMANYREQUESTS', reason: 'rate_limited' },
  {
    name: 'other bytes than were sent',
    status: 400,
    code: 'DIGEST_INVALID',
    reason: 'body_corrupted',
    blame: 'unknown',
  },
  {
    name: 'success that names no digest',
    status: 201,
    reason: 'manifest_refused',
    reaction: { kind: 'pass', headers: { 'docker-content-digest': undefined } },
  },
];

export const manifestCases: readonly FailureCase[] = rows.map(
  ({ name, status, reason, code, message = '', reaction, blame = 'registry_app' }): FailureCase => ({
    name: `a manifest is answered with ${name}`,
    expected: {
      reason,
      phase: 'commit',
      answeredBy: 'registry',
      blame,
      status,
      ...(code !== undefined && { registryCode: code }),
      evidence: { method: 'PUT' },
    },
    sentBytes: 0,
    // Layer and config went before.
    attempts: 3,
    arrange: async (lab) => {
      const registry = await lab.registry();
      const body = JSON.stringify({ errors: [{ code, message }] });
      const answer: Reaction = { kind: 'answer', status, headers: { 'content-type': 'application/json' }, body };
      registry.intercept = ({ method, path }) =>
        method === 'PUT' && path.includes('/manifests/') ? (reaction ?? answer) : undefined;
      const workload = { name: 'image', kind: 'image', layerBytes: [1_000], pull: false } as const;
      return { check: lab.check(registry.url, { check: { workload } }) };
    },
  }),
);
