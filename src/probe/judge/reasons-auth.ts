import { badChallenges, putsManifest, registry, saysQuota } from './fact-tests.ts';
import type { ReasonRow } from './reason-row.ts';
import type { FailureReason } from '../failure.ts';

/** Reasons of login and tokens. */
export const authReasons = {
  client_refused_realm: {
    title: 'the client refuses the token service that the registry names',
    when: (f) => f.authProblem === 'realm_refused_by_client',
    blame: 'auth_server',
    round: { family: 'auth', needsSuccessAfter: false, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: '401 with a challenge whose realm the real client itself does not follow; no request goes there.',
      causes:
        'a registry or proxy that announces a token service by another scheme, host or address than the client accepts.',
      remedy:
        'read the realm in the evidence; correct the external URL of the registry (Gitea `ROOT_URL`, distribution `auth.token.realm`); pass `Host` and `X-Forwarded-Proto` at the proxy.',
      blamed: '`auth_server`.',
    },
  },
  auth_challenge_bad: {
    title: 'the login challenge cannot be used',
    when: (f) => badChallenges(f.authProblem),
    blame: 'auth_server',
    round: { family: 'auth', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: '401 without `WWW-Authenticate`, with nothing usable in it, with a realm on a host that the path does not allow, or whose token service cannot be reached.',
      causes:
        "a proxy that strips or replaces `WWW-Authenticate`; a registry whose external URL is wrong (Gitea's `ROOT_URL`, Harbor's `hostname`), so that a direct path is sent to the public token service.",
      remedy:
        "correct the external URL; let the proxy pass `Host` and `X-Forwarded-Proto`. If the other host is intended: `allowHosts: [tokens.example.org]`, or `realm: rewrite` to ask the path's own host. No request and no credential goes to a host that is not allowed.",
      blamed: '`auth_server`.',
    },
  },
  auth_rejected: {
    title: 'the login is refused',
    when: (f) =>
      f.authProblem !== undefined ||
      (f.status === 401 && !f.uploadStarted) ||
      (f.status === 403 && registry(f) && !putsManifest(f) && !(f.uploadStarted && saysQuota(f))),
    blame: 'auth_server',
    round: { family: 'auth', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: false },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: "401 or 403 before a session was open, from the registry or its token service; or 403 with the registry's own error later; or a token reply without a token.",
      causes:
        'wrong or expired password; a personal access token without the right to write packages (Gitea needs `write:package`); the user may pull but not push; single sign-on in front of the API, which answers 200 with a page.',
      remedy:
        '`docker login` with the same secret; give the prober a robot account with push and delete on its own repository; exempt `/v2/` and the token path from single sign-on.',
      blamed: '`auth_server`.',
    },
  },
  auth_expired: {
    title: 'the token is refused in the middle of an upload',
    when: (f) => f.status === 401,
    blame: 'auth_server',
    round: { family: 'auth', needsSuccessAfter: true, ownWords: false, byHop: false, local: false, timed: true },
    tells: { own: false, cut: 'no', size: 'no', time: 'no', mayPass: false, maybeDown: false },
    isOutcome: true,
    words: {
      wire: '401 after the session was opened, typically on the PUT that follows minutes of PATCH.',
      causes:
        "the token lives shorter than the upload: distribution's default is 60 s, Docker Hub's 300 s; a proxy that stores the body first, so the registry sees the token late; clocks that differ.",
      remedy:
        "lengthen the token: `auth.token` issuer's `expiration`, Harbor `token_expiration: 30`, GitLab `container_registry_token_expire_delay`; nginx `proxy_request_buffering off`; NTP on all hosts.",
      blamed: "`auth_server`; look at the proxy's buffering when short uploads work.",
    },
  },
} as const satisfies Partial<Record<FailureReason, ReasonRow>>;
