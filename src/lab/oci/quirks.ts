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
  /** How far Content-Range of a PATCH is held against what has arrived. */
  readonly contentRange: 'checked' | 'start-only' | 'with-length' | 'ignored';
  readonly outOfOrder: { readonly status: 416; readonly code: 'BLOB_UPLOAD_INVALID' | 'RANGE_INVALID' };
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
  /** 500 and 403 come with no body at all. */
  readonly emptyErrorBodies: boolean;
  /**
   * A wrong login, missing rights and a repository without an owner are refused in a word of plain text, without the registry's version
   * header.
   */
  readonly plainRefusals: boolean;
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
  outOfOrder: { status: 416, code: 'BLOB_UPLOAD_INVALID' },
  secondStreamedPatch: 'appended',
  singlePost: true,
  mount: 'from-optional',
  afterBadDigest: 'removed',
  afterBrokenPatch: 'kept',
  chunkedPutBody: 'appended',
  checksPatchContentType: false,
  emptyErrorBodies: false,
  plainRefusals: false,
  deletion: 'enabled',
  deleteMissingBlob: 404,
};

/** go-gitea/gitea ≥ 1.24.2, routers/api/packages/container: a broken PATCH leaves more in the file than in the row (go-gitea/gitea#34795). */
export const gitea: RegistryQuirks = {
  ...spec,
  postRange: 'absent',
  emptyRange: 'absent',
  contentRange: 'start-only',
  secondStreamedPatch: 'refused',
  mount: 'from-required',
  afterBadDigest: 'kept',
  afterBrokenPatch: 'poisoned',
  emptyErrorBodies: true,
  deleteMissingBlob: 202,
};
