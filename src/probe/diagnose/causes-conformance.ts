import type { Cause } from './cause.ts';
import type { BehaviourName } from './conformance.ts';

/**
 * A cause of a behaviour of the specification that is lost on the way. It explains no failed push: `conformity.ts` compares the path
 * with a direct one, and names it when the contrast `path` came out twice.
 */
type ConformanceCause = Omit<Cause, 'explains' | 'refutedBy' | 'provenBy' | 'rank' | 'hop'> & {
  readonly hop: 'path';
  /** Any of these, lost on the path, shows it. */
  readonly behaviours: readonly [BehaviourName, ...BehaviourName[]];
  readonly provenBy: 'path';
  /** What was seen when it is not this. */
  readonly refutedWhen: string;
};

const specification = 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md';
const otherwise = 'the direct path does not do it either, or one of two tries came out otherwise';

const row = { hop: 'path', provenBy: 'path', refutedWhen: otherwise } as const;

const table = {
  chunk_lengths_lost: {
    ...row,
    title: 'a hop removes the registry’s headers on the length of chunks',
    behaviours: ['chunk_lengths'],
    remedy: 'Let the hop pass on all headers of answers, `OCI-Chunk-Min-Length` and `OCI-Chunk-Max-Length` among them.',
    reference: `${specification}#pushing-a-blob-in-chunks`,
    nextTest:
      '`curl -i -X POST URL/v2/REPOSITORY/blobs/uploads/` on this path and on the direct one: which headers come.',
  },
  chunks_not_taken: {
    ...row,
    title: 'a hop keeps chunks of an upload from the registry',
    behaviours: ['chunk_in_order', 'chunk_after_refusal'],
    remedy: 'Let PATCH with `Content-Range` through to the registry on /v2/*, with query and headers as they are.',
    reference: `${specification}#pushing-a-blob-in-chunks`,
    nextTest: 'Push with `--client=chunked` on this path and on the direct one.',
  },
  upload_status_lost: {
    ...row,
    title: 'a hop keeps clients from asking how much of an upload the registry holds, so that they cannot resume it',
    behaviours: ['upload_status'],
    remedy: 'Let GET of /v2/*/blobs/uploads/* through, uncached, and pass `Range` and `Location` of its answer on.',
    reference: `${specification}#resuming-an-upload`,
    nextTest: '`curl -i` of the Location of an upload on this path and on the direct one.',
  },
  content_range_lost: {
    ...row,
    title: 'a hop hides from the registry, or its answer from the client, that a chunk is out of order',
    behaviours: ['chunk_out_of_order'],
    remedy:
      'Pass `Content-Range` of requests on, and the status 416 of answers: without them a resumed upload is corrupt.',
    reference: `${specification}#pushing-a-blob-in-chunks`,
    nextTest: 'Look in the registry’s access log whether `Content-Range` arrives with PATCH, and what it answers.',
  },
  upload_cancel_blocked: {
    ...row,
    title: 'a hop keeps clients from cancelling an upload, so that it stays in the registry’s storage',
    behaviours: ['upload_cancel'],
    remedy: 'Let DELETE through on /v2/*/blobs/uploads/*.',
    reference: `${specification}#endpoints`,
    nextTest: '`curl -i -X DELETE` of the Location of an upload on this path and on the direct one.',
  },
  mount_lost: {
    ...row,
    title: 'a hop changes requests to mount a blob from another repository, or what is answered to them',
    behaviours: ['mount', 'mount_absent'],
    remedy:
      'Pass the query of POST on (`mount` and `from`): without it every layer that is there already is sent again.',
    reference: `${specification}#mounting-a-blob-from-another-repository`,
    nextTest: 'Look in the registry’s access log with which query POST arrives.',
  },
  missing_blob_hidden: {
    ...row,
    title: 'a hop answers in the registry’s place when a blob is not there',
    behaviours: ['blob_missing'],
    remedy:
      'Pass the registry’s 404 on (no error pages, no fallback to files on /v2/*): clients leave layers out that seem to be there.',
    reference: `${specification}#checking-if-content-exists-in-the-registry`,
    nextTest: '`curl -I` of a blob that is not there, on this path and on the direct one.',
  },
  range_lost: {
    ...row,
    title: 'a hop does not let clients read parts of blobs, so that interrupted pulls begin again',
    behaviours: ['blob_range', 'blob_range_beyond'],
    remedy:
      'Pass `Range` of requests on, and 206 and 416 of answers (a cache: keep parts, as nginx does with `slice`).',
    reference: `${specification}#pulling-blobs`,
    nextTest: '`curl -i -r 5-9` of a blob on this path and on the direct one.',
  },
  referrers_blocked: {
    ...row,
    title: 'a hop keeps the list of referrers from clients, which then do not find signatures',
    behaviours: ['referrers'],
    remedy: 'Let GET of /v2/*/referrers/* through to the registry.',
    reference: `${specification}#listing-referrers`,
    nextTest: '`curl -i URL/v2/REPOSITORY/referrers/DIGEST` on this path and on the direct one.',
  },
} as const satisfies Readonly<Record<string, ConformanceCause>>;

/** Closed set: every cause of a lost behaviour that can be named. */
export type ConformanceCauseName = keyof typeof table;

export const conformanceCauses: Readonly<Record<ConformanceCauseName, ConformanceCause>> = table;
