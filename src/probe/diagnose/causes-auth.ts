import type { Cause } from './cause.ts';
import type { Match } from './match.ts';
import { isTokenReply } from './observed.ts';
import { missingStatuses, tokenRefusedWith } from './predicates-hop.ts';
import { either, is, isNotAsked, isRefusal, namesNobody, namesNoService, realmLeavesTls } from './predicates.ts';

/** Bearer and Basic were both asked for, and what the registry refused is Basic. */
const answeredWithBasic: Match = ({ evidence: { challenge = '' } }) =>
  /\bbearer /i.test(challenge) && challenge.endsWith('; answered with basic');

/** Login and tokens. */
export const authCauses = {
  login_offered_twice: {
    title:
      'two logins are asked for, Bearer and Basic; this client fetches the token and then sends Basic, which the registry does not take',
    hop: 'path',
    remedy:
      'Let the registry alone ask for a login: take away what adds Basic at a hop (nginx `auth_basic`, Apache `AuthType`, Traefik `basicAuth`, an ingress annotation). Clients that prefer Bearer, such as skopeo, crane and containerd, get through meanwhile.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-www-authenticate',
    explains: (f, x) => f.reason === 'auth_rejected' && f.status === 401 && x.tokenServed && answeredWithBasic(f, x),
    refutedBy: ['tokenRefused', 'failsEverywhere'],
    provenBy: [/; answered with basic/],
    nextTest: '`curl -i URL/v2/` on this path and on the direct one: compare WWW-Authenticate.',
  },
  token_not_accepted: {
    title:
      'the token service takes the credentials, and the registry refuses its token: keys, clocks or audience differ, or a hop changes it',
    hop: 'auth_server',
    remedy:
      'Give all replicas of the token service and of the registry the same key pair and certificate (Harbor: one `private_key.pem`, restart core and registry together; distribution: `auth.token.rootcertbundle`), set their clocks by NTP, and make `service` and `issuer` agree; where only this path refuses it, let the hop pass Authorization on as it is.',
    reference: 'https://github.com/goharbor/harbor/issues/12229',
    explains: (f, x) =>
      (f.reason === 'auth_rejected' || f.reason === 'auth_expired') &&
      f.status === 401 &&
      f.answeredBy === 'registry' &&
      x.tokenServed &&
      !answeredWithBasic(f, x),
    refutedBy: ['tokenRefused', 'onlyOldRefused', 'scopeMissing'],
    provenBy: [
      /signature|unknown (?:key|authority)|invalid (?:key|audience|issuer|signing)|not (?:yet )?valid|used before issued|verify token|\bkid\b/i,
    ],
    nextTest:
      'Fetch a token by hand and use it ten times: replicas with keys of their own refuse some. Compare `service` and scope of the challenge with the token’s `aud` and `access`, and the clocks of both servers.',
  },
  token_expired: {
    title: 'the token expires before the upload ends',
    hop: 'auth_server',
    remedy:
      'Raise the lifetime of tokens above the longest upload (GitLab: Authorization token duration, 5 min by default; docker_auth: `token.expiration`; Harbor: Token Expiration); a proxy that collects bodies first makes it worse (nginx: `proxy_request_buffering off`).',
    reference: 'https://github.com/moby/moby/issues/33558',
    explains: either(
      is('auth_expired'),
      is('auth_rejected', 'registry', (f, x) => f.status === 401 && f.sentBytes > 0 && x.smallPassed),
    ),
    refutedBy: ['olderTokenTaken', 'asksForNoToken'],
    provenBy: [/token (?:is |has )?expired|expired token/i, 'size'],
    nextTest: 'Compare the time from the token to the refusal with `expires_in` of the token.',
  },
  credentials_rejected: {
    title: 'the credentials are refused',
    hop: 'auth_server',
    remedy:
      'Check user, password or token and the right to push to this repository; try `docker login` with the same ones.',
    reference: 'https://distribution.github.io/distribution/spec/auth/token/',
    rank: 'inferred',
    explains: is('auth_rejected', undefined, (f) => isRefusal(f) || f.status === undefined),
    refutedBy: ['tokenServed', 'loginWorks', 'scopeMissing', 'notOfLogin'],
    provenBy: [/authGroup\.Verify|(?:incorrect|invalid|wrong|bad) (?:user ?name|password|credentials?)/i],
    nextTest: '`docker login` and `docker push` with the same user.',
  },
  credentials_missing: {
    title: 'the registry wants a login, and none was given',
    hop: 'prober',
    remedy:
      'Give a login that may push: `credentials` in the configuration, `--user` on the command line, or a reference with the logins of `docker login`.',
    reference: 'https://distribution.github.io/distribution/spec/auth/token/',
    explains: is('auth_rejected', undefined, (f, x) => x.anonymous && f.status === 401),
    refutedBy: ['loginWorks'],
    provenBy: [/^401\b/],
    nextTest: '`docker push` without and with `docker login`.',
  },
  token_service_page: {
    title:
      'the token service answers with something else than a token: a page, as single sign-on does, or a body that a hop changed',
    hop: 'auth_server',
    remedy:
      'Exempt the token service’s path, which the challenge names as `realm`, from single sign-on and from rules that serve pages or rewrite bodies (nginx `sub_filter`), and route it to the token service.',
    reference: 'https://distribution.github.io/distribution/spec/auth/token/',
    explains: is('auth_rejected', undefined, isTokenReply),
    refutedBy: ['cameOnce'],
    provenBy: [/\blogin:token_reply_invalid\b/],
    nextTest: '`curl -i -u USER` of the realm that the challenge names: JSON with a `token` is right.',
  },
  token_service_missing: {
    title: 'there is no token service where the challenge says: its address is answered 404 or 405',
    hop: 'auth_server',
    remedy:
      'Route the path of the realm to the token service (nginx: a `location` for it; ingress: a path of its own), or correct the realm (distribution `auth.token.realm`, Gitea `ROOT_URL`, Harbor `external_url`).',
    reference: 'https://distribution.github.io/distribution/spec/auth/token/',
    explains: tokenRefusedWith(...missingStatuses),
    refutedBy: ['cameOnce', 'registrySaidIt'],
    // A service that answers in JSON is there, whatever it misses.
    provenBy: [/^(?:404|405|410)\b(?!.*\bwritten as application\/\S*json)/s],
    nextTest: '`curl -i -u USER` of the realm that the challenge names: JSON with a `token` is right.',
  },
  login_not_asked: {
    title:
      'GET /v2/ asks for no login, and writes need one: this client logs in for what /v2/ asks, and for nothing else',
    hop: 'auth_server',
    remedy:
      'Let GET /v2/ ask for a login, too (nginx: `auth_basic` outside of `limit_except`; Caddy: `basicauth` for /v2/ as well; a registry open to readers: challenge at /v2/, and give readers anonymous tokens).',
    reference: 'https://github.com/moby/moby/issues/50896',
    explains: (f, x) => f.evidence.authProblem === 'ping_asked_nothing' && !x.anonymous,
    refutedBy: ['pingAsks'],
    provenBy: [/\blogin:ping_asked_nothing\b/],
    nextTest: '`curl -i URL/v2/` without a login: 200 there and 401 to a POST is it.',
  },
  login_differs_by_path: {
    title:
      'the login that the registry takes over another path is refused over this one: a hop changes it, or asks for a login of its own',
    hop: 'path',
    remedy:
      'Make the hop pass the Authorization header on (nginx: no `auth_basic` and no `proxy_set_header Authorization` for /v2/; Apache: no `AuthType` there; single sign-on: exempt /v2/ and the token service).',
    reference: 'https://distribution.github.io/distribution/recipes/nginx/',
    rank: 'inferred',
    explains: is(
      'auth_rejected',
      undefined,
      (f, x) => (f.status === 401 || f.status === 403) && x.directLoginWorks && f.sentBytes === 0,
    ),
    refutedBy: ['failsEverywhere', 'loginWorksHere', 'notOfLogin'],
    provenBy: ['path'],
    nextTest:
      '`curl -i -u USER URL/v2/` on this path and on the direct one; look whether Authorization arrives at the registry.',
  },
  token_service_down: {
    title: 'the token service does not work',
    hop: 'auth_server',
    remedy:
      'Look at the token service that the registry’s challenge names as `realm` (Harbor core, GitLab, docker_auth, Gitea itself): is it running, can this host reach it, and is its scheme in the realm the one that the port speaks, with a certificate that is known here? Every path that gets its tokens there fails with it.',
    reference: 'https://distribution.github.io/distribution/spec/auth/token/',
    explains: either(
      (f) => f.reason === 'auth_rejected' && (f.status ?? 0) >= 500,
      is('auth_challenge_bad', 'none', (f) => !namesNobody(f) && f.evidence.code !== undefined),
    ),
    refutedBy: ['cameOnce'],
    provenBy: [/^5\d\d\b/],
    nextTest: '`curl -i` of the realm that the challenge names.',
  },
  challenge_missing: {
    title:
      'a login is wanted over this path, and the answer does not say which: a hop takes WWW-Authenticate off, or asks for a login of its own',
    hop: 'path',
    remedy:
      'Pass WWW-Authenticate on as the registry writes it (nginx: no `proxy_hide_header` for it, and with `auth_request` also `auth_request_set` and `add_header … always`; single sign-on: exempt /v2/ and the token service).',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-www-authenticate',
    explains: is('auth_challenge_bad', undefined, namesNoService),
    refutedBy: ['tokenServed', 'failsEverywhere'],
    provenBy: ['path'],
    nextTest: '`curl -i URL/v2/` on this path and on the direct one: compare WWW-Authenticate.',
  },
  token_service_elsewhere: {
    title:
      'the registry names a token service on a host that this path does not allow: it was not asked, and whether it works is not known',
    hop: 'prober',
    remedy:
      'Is it the registry’s own token service, as Docker Hub and others have one? Allow its host: `allowHosts` in the configuration, `--allow-host` on the command line. Is it a wrong name? Set the public URL of the registry (Gitea `ROOT_URL`, distribution `auth.token.realm`), pass `Host` and `X-Forwarded-Proto` on at the hops where it goes by them (Gitea from 1.26 on), or probe this path with `realm: rewrite`.',
    reference: 'https://distribution.github.io/distribution/spec/auth/token/',
    explains: is('auth_challenge_bad', undefined, (f) => isNotAsked(f) && !realmLeavesTls(f)),
    refutedBy: ['tokenServed'],
    provenBy: [/\blogin:realm_not_allowed\b/],
    nextTest: '`curl -i URL/v2/` and read `realm` in WWW-Authenticate: is that host known to you?',
  },
  realm_wrong: {
    title: 'the registry sends clients to a token service that cannot be used from here',
    hop: 'auth_server',
    remedy:
      'Set the public URL of the registry (Gitea `ROOT_URL`, distribution `auth.token.realm`) to one that clients of this path reach, pass `Host` and `X-Forwarded-Proto` on at the hops where it goes by them (Gitea from 1.26 on), or probe this path with `realm: rewrite` or `allowHosts`.',
    reference: 'https://github.com/go-gitea/gitea/issues/22033',
    rank: 'inferred',
    explains: either(
      is(
        'auth_challenge_bad',
        undefined,
        (f) =>
          !namesNoService(f) &&
          !isNotAsked(f) &&
          (f.answeredBy !== 'none' || namesNobody(f) || f.evidence.code === undefined),
      ),
      is('client_refused_realm'),
    ),
    refutedBy: ['tokenServed'],
    provenBy: ['path', /ENOTFOUND/],
    nextTest: '`curl -i URL/v2/` and read `realm` in WWW-Authenticate.',
  },
} as const satisfies Readonly<Record<string, Cause>>;
