import { giteaUser, type GiteaOptions, type RunningGitea, startGitea } from '../support/gitea.ts';
import type { HopName } from '../hops/hop.ts';
import { type Case, pathsOf, type Stage } from './case.ts';

/** What is asked of one Gitea that all share, or of one that has settings of its own. */
export interface GiteaCase extends Case {
  /** What `push` says of it, beside how it ends. */
  readonly push: RegExp;
}

/** Made once, for the cases that change nothing in it. Everything in it belongs to one case each. */
export interface SharedGitea {
  readonly gitea: RunningGitea;
  /** A token of `probe` that may read packages, and nothing else. */
  readonly readToken: string;
  /** One that was taken back. */
  readonly revokedToken: string;
}

/** Makes what the cases look for: an organisation of somebody else, and tokens. */
export async function prepareShared(gitea: RunningGitea): Promise<SharedGitea> {
  await gitea.api('POST', 'orgs', { username: 'strangers' });
  await gitea.api('POST', 'orgs', { username: 'hidden', visibility: 'private' });
  const tokenOf = async (name: string, scope: string): Promise<string> => {
    const body = { name, scopes: [scope] };
    return String((await gitea.api('POST', `users/${giteaUser.username}/tokens`, body, giteaUser))['sha1']);
  };
  const readToken = await tokenOf('reads', 'read:package');
  const revokedToken = await tokenOf('revoked', 'write:package');
  await gitea.api('DELETE', `users/${giteaUser.username}/tokens/revoked`, undefined, giteaUser);
  return { gitea, readToken, revokedToken };
}

const repository = `${giteaUser.username}/blobs`;
const source = 'docs.gitea.com usage/packages/container, administration/config-cheat-sheet';
const size = '6MB';

/** A path straight to it, and nothing else. */
function straight(port: number, more: object = {}): { readonly public: object } {
  return { public: { url: `http://127.0.0.1:${port}`, kind: 'internal', ...more } };
}

function giteaOn(stage: Stage, options: GiteaOptions = {}): Promise<RunningGitea> {
  return stage.keep(startGitea(options, stage.network));
}

/** Who asks, and for what: all on one Gitea. */
export function accessCases(shared: () => SharedGitea): readonly GiteaCase[] {
  const asked = (
    name: string,
    question: (shared: SharedGitea) => {
      readonly username?: string;
      readonly password?: string;
      readonly repository?: string;
    },
    expected: GiteaCase['expected'],
    push: RegExp,
  ): GiteaCase => ({
    name,
    source,
    expected,
    push,
    setUp: () => {
      const { username = giteaUser.username, password = giteaUser.password, repository: named } = question(shared());
      return Promise.resolve({
        size,
        repository: named ?? repository,
        credentials: { username, password },
        paths: straight(shared().gitea.port),
      });
    },
  });
  const refused = { right: /wrong|refuse/i, hops: ['auth_server'], never: /push_not_allowed/ } as const;
  const noRight = { right: /push_not_allowed[^]*write:package/, hops: ['auth_server'] } as const;
  const noOwner = { right: /owner_missing[^]*owner\/name/, hops: ['registry_app'] } as const;
  return [
    asked('wrong password', () => ({ password: 'wrong' }), refused, /auth_rejected/),
    asked('a user that does not exist', () => ({ username: 'nobody' }), refused, /auth_rejected/),
    asked('a token that was taken back', ({ revokedToken }) => ({ password: revokedToken }), refused, /auth_rejected/),
    asked('a token that may read only', ({ readToken }) => ({ password: readToken }), noRight, /auth_rejected/),
    asked('an organisation of others', () => ({ repository: 'strangers/blobs' }), noRight, /auth_rejected/),
    asked('an organisation that hides', () => ({ repository: 'hidden/blobs' }), noRight, /auth_rejected/),
    asked('a repository without an owner', () => ({ repository: 'blobprobe' }), noOwner, /owner/),
    asked(
      'a repository that is named as its owner',
      () => ({ repository: giteaUser.username }),
      { right: /name_refused[^]*owner\/name/, hops: ['registry_app'] },
      /NAME_INVALID/,
    ),
    asked('an owner that does not exist', () => ({ repository: 'missing/blobs' }), noOwner, /owner/),
  ];
}

const healthy = { expected: 'healthy', push: /acknowledged|verified|pushed/i } as const;

function configured(
  name: string,
  options: GiteaOptions,
  rest: Pick<GiteaCase, 'expected' | 'push'>,
  more: { readonly path?: object; readonly size?: string; readonly anonymous?: boolean } = {},
): GiteaCase {
  return {
    name,
    source,
    ...rest,
    setUp: async (stage) => {
      const { port } = await giteaOn(stage, options);
      return {
        size: more.size ?? size,
        repository,
        ...(more.anonymous !== true && { credentials: giteaUser }),
        paths: straight(port, more.path),
      };
    },
  };
}

/** What is written in its app.ini. */
export const settingCases: readonly GiteaCase[] = [
  configured(
    'a limit on the size of one package: LIMIT_SIZE_CONTAINER',
    { settings: { packages: { LIMIT_SIZE_CONTAINER: '4 MiB' } } },
    {
      expected: { right: /gitea_size_limit[^]*LIMIT_SIZE_CONTAINER/, hops: ['registry_app'] },
      push: /LIMIT_SIZE_CONTAINER/,
    },
  ),
  configured(
    'a limit on all that an owner has: LIMIT_TOTAL_OWNER_SIZE',
    { settings: { packages: { LIMIT_TOTAL_OWNER_SIZE: 0 } } },
    { expected: { right: /LIMIT_TOTAL_OWNER_SIZE/, hops: ['registry_app'] }, push: /LIMIT_TOTAL_OWNER_SIZE/ },
  ),
  configured(
    'ROOT_URL is another host, and nothing else counts: PUBLIC_URL_DETECTION = never',
    { settings: { server: { ROOT_URL: 'http://git.corp.invalid/', PUBLIC_URL_DETECTION: 'never' } } },
    { expected: { right: /ROOT_URL/, hops: ['auth_server', 'prober'] }, push: /ROOT_URL/ },
  ),
  configured(
    'ROOT_URL says https where http is spoken',
    { settings: { server: { ROOT_URL: 'https://127.0.0.1:1/', PUBLIC_URL_DETECTION: 'never' } } },
    { expected: { right: /ROOT_URL/, hops: ['auth_server', 'prober'] }, push: /ROOT_URL/ },
  ),
  configured(
    'no packages: ENABLED = false',
    { settings: { packages: { ENABLED: false } } },
    { expected: { right: /ENABLED = true[^]*packages/, hops: ['registry_app'] }, push: /404/ },
  ),
  configured(
    'a login for everything: REQUIRE_SIGNIN_VIEW',
    { settings: { service: { REQUIRE_SIGNIN_VIEW: true } } },
    healthy,
  ),
  configured(
    'a login for everything, and none given',
    { settings: { service: { REQUIRE_SIGNIN_VIEW: true } } },
    { expected: { right: /credentials_missing/, hops: ['prober'] }, push: /auth_rejected/ },
    { anonymous: true },
  ),
];

/** One hop before it; `settings` are Gitea's own. */
function behind(
  name: string,
  hop: HopName,
  rest: Pick<GiteaCase, 'expected' | 'push'>,
  more: Readonly<Record<string, string>> = {},
  settings: GiteaOptions['settings'] = {},
): GiteaCase {
  return {
    name,
    source: 'docs.gitea.com administration/reverse-proxies',
    ...rest,
    setUp: async (stage) => {
      const { port } = await giteaOn(stage, { settings });
      const front = await stage.hop(hop, { upstreamPort: port, tls: stage.tls, more });
      return { size, repository, credentials: giteaUser, paths: pathsOf(stage, front, port) };
    },
  };
}

/** What becomes of it on the way. */
export const hopCases: readonly GiteaCase[] = [
  ...(['nginx', 'traefik', 'envoy', 'haproxy'] as const).map((hop) => behind(`behind ${hop}`, hop, healthy)),
  behind(
    'nginx does not tell it of TLS',
    'nginx',
    { expected: { right: /X-Forwarded-Proto/, hops: ['ingress', 'auth_server'] }, push: /X-Forwarded-Proto/ },
    { location: 'proxy_set_header X-Forwarded-Proto "";' },
  ),
  behind(
    'nginx does not tell it the Host',
    'nginx',
    { expected: { right: /\bHost\b/, hops: ['ingress', 'auth_server', 'prober'] }, push: /Host/ },
    { location: 'proxy_set_header Host gitea.corp.invalid;' },
  ),
  behind(
    'its pages are behind a path, and its API is not forgotten',
    'nginx',
    healthy,
    {},
    { server: { ROOT_URL: 'https://127.0.0.1/git/' } },
  ),
  behind(
    'its pages are behind a path, and its API is forgotten',
    'nginx',
    { expected: { right: /no_route[^]*\/v2\//, hops: ['ingress'] }, push: /404/ },
    { server: 'location /v2/ { root /nonexistent; }' },
    { server: { ROOT_URL: 'https://127.0.0.1/git/' } },
  ),
  {
    name: 'its disk is slow at the commit, and nginx does not wait: proxy_read_timeout',
    source: 'go-gitea/gitea#21320',
    expected: { right: /nginx_read_timeout[^]*proxy_read_timeout/, hops: ['ingress', 'registry_storage'] },
    push: /response_timeout/,
    setUp: async (stage) => {
      const { port } = await giteaOn(stage, { slowRenamesMs: 4_000 });
      const more = { location: 'proxy_read_timeout 2s;' };
      const front = await stage.hop('nginx', { upstreamPort: port, more });
      return { size, repository, credentials: giteaUser, paths: pathsOf(stage, front, port) };
    },
  },
];

/** Storage that takes no more: each in a mount namespace of its own. */
export const storageCases: readonly GiteaCase[] = (
  [
    ['no space for packages', 'size=3m', { packages: { PATH: '/mnt' } }],
    ['no space for uploads', 'size=3m', { server: { APP_TEMP_PATH: '/mnt' } }],
    ['packages lie where nothing can be written', 'ro', { packages: { PATH: '/mnt' } }],
  ] as const
).map(([name, mount, settings]) => ({
  name,
  source: 'docs.gitea.com administration/config-cheat-sheet, storage',
  hosts: [],
  expected: { right: /storage|disk|space/i, hops: ['registry_storage'] },
  push: /registry_error/,
  setUp: async (stage) => {
    await stage.network!.run(['mount', '-t', 'tmpfs', '-o', mount, 'none', '/mnt']);
    const { port } = await giteaOn(stage, { settings });
    return { size, repository, credentials: giteaUser, paths: straight(port) };
  },
}));
