/** How a client asks for registry tokens and when it asks again: data, each row as the client's source has it. */
export interface TokenBehaviour {
  /** The source this row was read from. */
  readonly source: string;
  /** How user name and password are traded for a token. An identity token always goes by POST: it is an oauth2 refresh token. */
  readonly method: 'get' | 'post-then-get' | 'get-then-post';
  /**
   * `by-clock`: a new token before a request when the old one's time is over; a 401 with a token is final.
   * `on-401`: a new token only after a 401. `clock-and-401`: both.
   * `reuse-post`: as `on-401`, but the PUT that ends an upload repeats the POST's header, and a 401 on it is final.
   * `never`: one token, and a 401 with it is final.
   */
  readonly refresh: 'by-clock' | 'on-401' | 'clock-and-401' | 'reuse-post' | 'never';
  /** Lifetime when the reply has no `expires_in`. */
  readonly defaultLifetimeSeconds: number;
  /** Shorter lifetimes are taken for this long. */
  readonly minLifetimeSeconds: number;
  /** Share of the lifetime after which the token counts as old. */
  readonly refreshAt: number;
  /** `client_id` of the POST, and of the GET where the client sends it there. */
  readonly clientId: string;
  /** Charset that the client names in the Content-Type of the POST; the others name none. */
  readonly formCharset?: 'utf-8';
  /** The GET names the user as `account`. */
  readonly account: boolean;
  /** Which of several challenges is followed. `basic-after-token`: a token is fetched too, and not used. */
  readonly prefers: 'bearer' | 'basic' | 'basic-after-token' | 'first';
  /** The scopes of the challenge are asked for besides the repository's own. */
  readonly addsChallengeScope: boolean;
  /** Order in which the client writes `pull` and `push` in a scope. */
  readonly actionOrder: 'pull,push' | 'push,pull';
  /** Longest wait for the token service's response headers; undefined: as long as the run may take. */
  readonly timeoutMs?: number;
}

const clock = { minLifetimeSeconds: 60, defaultLifetimeSeconds: 60, refreshAt: 1 } as const;

const docker: TokenBehaviour = {
  ...clock,
  source:
    'distribution/distribution v2.8.3 registry/client/auth/session.go; moby daemon/internal/distribution/registry.go',
  method: 'get',
  refresh: 'by-clock',
  clientId: 'docker',
  account: true,
  // Both handlers run, tokenHandler first; then the Basic header overwrites the Bearer one.
  prefers: 'basic-after-token',
  addsChallengeScope: false,
  actionOrder: 'push,pull',
  timeoutMs: 15_000,
};

const containerd: TokenBehaviour = {
  source: 'containerd/containerd v2.3 core/remotes/docker/authorizer.go, auth/fetch.go',
  method: 'post-then-get',
  refresh: 'clock-and-401',
  // Without expires_in the token is kept for ever; Gitea sends none.
  defaultLifetimeSeconds: Number.POSITIVE_INFINITY,
  minLifetimeSeconds: 0,
  refreshAt: 1,
  clientId: 'containerd-client',
  formCharset: 'utf-8',
  account: false,
  prefers: 'bearer',
  addsChallengeScope: true,
  actionOrder: 'pull,push',
};

const containersImage: TokenBehaviour = {
  ...clock,
  source: 'containers/image docker/docker_client.go getBearerToken, newBearerTokenFromJSONBlob, setupRequestAuth',
  method: 'get',
  refresh: 'by-clock',
  clientId: 'containers/image',
  account: true,
  prefers: 'first',
  addsChallengeScope: false,
  actionOrder: 'pull,push',
};

const buildkit: TokenBehaviour = {
  source: 'moby/buildkit v0.32 util/resolver/authorizer.go',
  method: 'get-then-post',
  refresh: 'clock-and-401',
  defaultLifetimeSeconds: 60,
  minLifetimeSeconds: 0,
  refreshAt: 0.9,
  clientId: 'buildkit-client',
  // It asks through containerd's auth/fetch.go.
  formCharset: 'utf-8',
  account: false,
  prefers: 'bearer',
  addsChallengeScope: true,
  actionOrder: 'pull,push',
};

const crane: TokenBehaviour = {
  ...clock,
  source: 'google/go-containerregistry v0.21 pkg/v1/remote/transport/bearer.go, ping.go',
  method: 'get',
  refresh: 'on-401',
  clientId: 'go-containerregistry',
  account: false,
  prefers: 'first',
  addsChallengeScope: false,
  actionOrder: 'push,pull',
};

const regctl: TokenBehaviour = {
  ...clock,
  source: 'regclient/regclient internal/auth/auth.go',
  method: 'post-then-get',
  refresh: 'clock-and-401',
  clientId: 'regclient',
  account: true,
  prefers: 'basic',
  addsChallengeScope: true,
  actionOrder: 'pull,push',
};

const oras: TokenBehaviour = {
  ...clock,
  source:
    'oras-project/oras-go registry/remote/auth/client.go, registry/remote/repository.go (completePushAfterInitialPost)',
  method: 'get',
  refresh: 'reuse-post',
  clientId: 'oras-go',
  account: false,
  prefers: 'first',
  addsChallengeScope: true,
  actionOrder: 'pull,push',
};

/** Not a real client's: what finds out most. A token is renewed whenever that can help. */
const diagnostic: TokenBehaviour = {
  ...docker,
  source: 'blobprobe: diagnosis',
  refresh: 'clock-and-401',
  clientId: 'blobprobe',
  prefers: 'bearer',
  actionOrder: 'pull,push',
};

/** By client name; that every client has a row is checked where the profiles are. */
export const tokenBehaviours = {
  docker,
  'docker-containerd': { ...containerd, source: `moby daemon/containerd/image_push.go: ${containerd.source}` },
  buildkit,
  containerd,
  crane,
  skopeo: containersImage,
  podman: containersImage,
  regctl,
  oras,
  chunked: diagnostic,
  monolithic: diagnostic,
} as const satisfies Readonly<Record<string, TokenBehaviour>>;
