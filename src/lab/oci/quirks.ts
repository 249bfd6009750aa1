/** What one registry implementation does where the specification leaves room, or is not followed. */
export interface RegistryQuirks {
  /** Upload and blob Locations; absolute ones are built from X-Forwarded-Proto, X-Forwarded-Host and Host. */
  readonly location: 'absolute' | 'relative';
  /** Locations carry `_state`, an HMAC-signed copy of the session: `replaced` state is refused as said here. */
  readonly signedState: 'none' | 'stale-404-cancels' | 'stale-416';
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
  readonly tokenPath: string;
  /** HTTP Basic is accepted although the challenge is Bearer. */
  readonly basicBesideBearer: boolean;
  /** A second WWW-Authenticate beside the Bearer challenge, as Gitea sends where signing in is required. */
  readonly secondChallenge: string | undefined;
  /** GET on the token service answers without `expires_in`; POST is unknown to it. */
  readonly token: { readonly announcesExpiry: boolean; readonly post: boolean };
}

export const quirksNames = [
  'spec',
  'distribution-2.8',
  'distribution-3',
  'gitea',
  'gitea-1.24.0',
  'gitea-old',
  'zot',
  'harbor-quota',
] as const;
export type QuirksName = (typeof quirksNames)[number];

/** The OCI distribution specification as written; the other rows say where they differ. */
const spec: RegistryQuirks = {
  location: 'relative',
  signedState: 'none',
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
  tokenPath: '/token',
  basicBesideBearer: false,
  secondChallenge: undefined,
  token: { announcesExpiry: true, post: true },
};

/** distribution/distribution v2.8.3, registry/handlers/blobupload.go: Content-Range is not looked at, state must be fresh. */
const distribution28: RegistryQuirks = {
  ...spec,
  location: 'absolute',
  signedState: 'stale-404-cancels',
  contentRange: 'ignored',
  singlePost: false,
  mount: 'from-required',
  checksPatchContentType: true,
  deletion: 'disabled',
};

/** go-gitea/gitea ≥ 1.24.2, routers/api/packages/container: a broken PATCH leaves more in the file than in the row (go-gitea/gitea#34795). */
const gitea: RegistryQuirks = {
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
  tokenPath: '/v2/token',
  basicBesideBearer: true,
  token: { announcesExpiry: false, post: false },
};

const rows: Readonly<Record<QuirksName, RegistryQuirks>> = {
  spec,
  'distribution-2.8': distribution28,
  /** distribution v3: stale state is a 416, sizes are checked when both headers are there (distribution/distribution#3755). */
  'distribution-3': {
    ...distribution28,
    signedState: 'stale-416',
    contentRange: 'with-length',
    outOfOrder: { status: 416, code: 'RANGE_INVALID' },
  },
  gitea,
  /** docker fails on its own reading of this Range: `bad range format: 0--1`. */
  'gitea-1.24.0': { ...gitea, emptyRange: '0--1' },
  /** Recorded from Forgejo 8.0.2, whose container code is that of Gitea 1.22; the rows above are as read. */
  'gitea-old': {
    ...gitea,
    postRange: '0-0',
    emptyRange: '0--1',
    statusRange: 'off-by-one',
    mount: 'from-optional',
    plainRefusals: true,
  },
  /** project-zot/zot, pkg/api/routes.go. */
  zot: {
    ...spec,
    sessionHeader: 'Blob-Upload-UUID',
    emptyRange: '0--1',
    contentRange: 'with-length',
    mount: 'from-optional',
    afterBrokenPatch: 'removed',
    chunkedPutBody: 'ignored',
  },
  /** goharbor/harbor: distribution behind a quota middleware that counts at PUT; deletion on. */
  'harbor-quota': {
    ...distribution28,
    deletion: 'enabled',
    tokenPath: '/service/token',
    basicBesideBearer: true,
  },
};

/** The row of a registry by its name. */
export function quirksOf(name: QuirksName): RegistryQuirks {
  return rows[name];
}
