/** What one registry implementation does where the specification leaves room, or is not followed. */
export interface RegistryQuirks {
  /** Upload and blob Locations; absolute ones are built from X-Forwarded-Proto, X-Forwarded-Host and Host. */
  readonly location: 'absolute' | 'relative';
  readonly sessionHeader: 'Docker-Upload-UUID' | 'Blob-Upload-UUID';
  /** Range on the 202 of POST. */
  readonly postRange: '0-0' | 'absent';
  /** Range acknowledged while the session holds no byte. */
  readonly emptyRange: '0-0' | '0--1' | 'absent';
  /** Range of the status GET: `off-by-one` says 0-N for N bytes and gives no Location. */
  readonly statusRange: 'exact' | 'off-by-one';
  /** How far Content-Range of a PATCH is held against what has arrived; `start-only`: 400 for one that is no range. */
  readonly contentRange: 'checked' | 'start-only' | 'with-length' | 'ignored';
  /** `saysWhere`: with the headers of the upload's status. */
  readonly outOfOrder: {
    readonly status: 416;
    readonly code: 'BLOB_UPLOAD_INVALID' | 'RANGE_INVALID';
    readonly saysWhere: boolean;
  };
  readonly secondStreamedPatch: 'appended' | 'refused';
  /** POST with `digest` stores the blob at once; else it is answered like any POST. */
  readonly singlePost: boolean;
  readonly mount: 'from-required' | 'from-optional';
  readonly afterBadDigest: 'kept' | 'removed';
  /** After a PATCH that broke off: resumable, gone, or every later request on the session is a 500. */
  readonly afterBrokenPatch: 'kept' | 'removed' | 'poisoned';
  readonly chunkedPutBody: 'appended' | 'ignored';
  /** 500 for a PATCH whose Content-Type is neither empty nor octet-stream. */
  readonly checksPatchContentType: boolean;
  /** `codes`: without words; 500 and 403 come with no body at all. */
  readonly errors: 'in-words' | 'codes';
  /**
   * What is refused in a word of plain text, without the registry's version header: missing rights, and a repository without an owner;
   * or wrong logins, too.
   */
  readonly plainRefusals: 'none' | 'rights' | 'rights-and-logins';
  /** Reads of blobs answer a Range. */
  readonly ranges: boolean;
  /** Referrers are listed. */
  readonly referrers: boolean;
  readonly deletion: 'enabled' | 'disabled';
  /** Status of DELETE for a blob that is not there. */
  readonly deleteMissingBlob: 202 | 404;
}

/** The OCI distribution specification as written. */
export const spec: RegistryQuirks = {
  location: 'relative',
  sessionHeader: 'Docker-Upload-UUID',
  postRange: '0-0',
  emptyRange: '0-0',
  statusRange: 'exact',
  contentRange: 'checked',
  outOfOrder: { status: 416, code: 'BLOB_UPLOAD_INVALID', saysWhere: true },
  secondStreamedPatch: 'appended',
  singlePost: true,
  mount: 'from-optional',
  afterBadDigest: 'removed',
  afterBrokenPatch: 'kept',
  chunkedPutBody: 'appended',
  checksPatchContentType: false,
  errors: 'in-words',
  plainRefusals: 'none',
  ranges: true,
  referrers: true,
  deletion: 'enabled',
  deleteMissingBlob: 404,
};

/**
 * Gitea from 1.24.2 on, as 1.26.0 answers (test/real/lab-gitea.real.test.ts): a broken PATCH leaves more in the file than in the row
 * (go-gitea/gitea#34795).
 */
export const gitea: RegistryQuirks = {
  ...spec,
  postRange: 'absent',
  emptyRange: 'absent',
  contentRange: 'start-only',
  outOfOrder: { status: 416, code: 'BLOB_UPLOAD_INVALID', saysWhere: false },
  secondStreamedPatch: 'refused',
  afterBadDigest: 'kept',
  afterBrokenPatch: 'poisoned',
  errors: 'codes',
  plainRefusals: 'rights',
  ranges: false,
  referrers: false,
  deleteMissingBlob: 202,
};
