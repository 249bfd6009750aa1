import {
  gitea as giteaUploads,
  type RegistryQuirks as UploadQuirks,
  spec as specUploads,
} from '../../../src/lab/oci/quirks.ts';
import type { SignedState } from './upload-state.ts';

/** What one registry implementation does where the specification leaves room, its token service included. */
export interface RegistryQuirks extends UploadQuirks {
  readonly tokenPath: string;
  /** What a challenge asks for: the repository of the request, and what is wrong with a token; or always the same. */
  readonly challengeScope: 'of-request' | '*';
  /** HTTP Basic is accepted although the challenge is Bearer. */
  readonly basicBesideBearer: boolean;
  /** A second WWW-Authenticate beside the Bearer challenge, as Gitea sends where signing in is required. */
  readonly secondChallenge: string | undefined;
  /** GET on the token service answers without `expires_in`; POST is unknown to it. */
  readonly token: { readonly announcesExpiry: boolean; readonly post: boolean };
  readonly signedState: SignedState;
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

const spec: RegistryQuirks = {
  ...specUploads,
  tokenPath: '/token',
  challengeScope: 'of-request',
  basicBesideBearer: false,
  secondChallenge: undefined,
  token: { announcesExpiry: true, post: true },
  signedState: 'none',
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

const gitea: RegistryQuirks = {
  ...spec,
  ...giteaUploads,
  tokenPath: '/v2/token',
  challengeScope: '*',
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
    outOfOrder: { status: 416, code: 'RANGE_INVALID', saysWhere: true },
  },
  gitea,
  /** docker fails on its own reading of this Range: `bad range format: 0--1`. */
  'gitea-1.24.0': { ...gitea, emptyRange: '0--1' },
  /** Recorded from Forgejo 8.0.2, whose container code is that of Gitea 1.22. */
  'gitea-old': {
    ...gitea,
    postRange: '0-0',
    emptyRange: '0--1',
    statusRange: 'off-by-one',
    plainRefusals: 'rights-and-logins',
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
