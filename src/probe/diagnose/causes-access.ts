import type { Failure } from '../failure.ts';
import type { Cause } from './cause.ts';
import type { Match } from './match.ts';
import { asksForNoToken } from './predicates-hop.ts';
import { either, expiredWords, foreignAddressWords, is, isPushed, isRefusal, says, scopeWords } from './predicates.ts';

function isOfPing({ evidence }: Failure): boolean {
  return evidence.url?.endsWith('/v2/') === true;
}

/** The registry’s code for it, and its words. */
const nameWords = /\bNAME_INVALID\b|invalid repository name/i;

/** 401 of a login without tokens, which other requests were let in with; what is read may ask for other rights. */
const isLetInAtTimes: Match = (f, x) =>
  f.status === 401 && isPushed(f, x) && asksForNoToken(f, x) && x.loginWorks && x.direct === 'ok';

/** With which a registry refuses what is right in form: 400, 401, 404, 413, 416 and 429 say more. */
const ownRefusals: ReadonlySet<number> = new Set([403, 405, 409, 412, 422, 423, 451]);

/** Requests that are known for whose they are, and not let in. */
export const accessCauses = {
  push_not_allowed: {
    title: 'this login may not push to this repository',
    hop: 'auth_server',
    remedy:
      'Give the user or robot account the right to push to this repository, not only to pull (Harbor: role Developer; Gitea: `write:package`; GitLab: `write_registry`), and look whether the repository, its project and its owner are written as the registry knows them.',
    reference: 'https://distribution.github.io/distribution/spec/auth/scope/',
    explains: is('auth_rejected', 'registry', (f, x) => isRefusal(f) && f.sentBytes === 0 && says(scopeWords)(f, x)),
    refutedBy: ['loginWorks', 'saysOtherReason'],
    provenBy: [/insufficient_scope|requested access to the resource is denied|reqPackageAccess|Gitea Package API/i],
    nextTest: '`docker push` with a login that owns the repository; the scopes that the token grants (`access`).',
  },
  login_expired: {
    title: 'the login itself has expired',
    hop: 'auth_server',
    remedy:
      'Get a new password or token and give it to this path and to the clients (ECR: `aws ecr get-login-password`, good for 12 h; personal and deploy tokens have an end date); renew it by a credential helper rather than by hand.',
    reference: 'https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html',
    explains: is('auth_rejected', undefined, (f, x) => isRefusal(f) && says(expiredWords)(f, x)),
    refutedBy: ['loginWorks'],
    provenBy: [expiredWords],
    nextTest: 'Log in anew (`docker login`), and push again.',
  },
  login_refused_once: {
    title: 'GET /v2/ refuses a login that all other requests accept, so that `docker login` fails',
    hop: 'path',
    remedy:
      'Let no hop keep the 401 that clients without a login get (nginx: `proxy_cache_valid` without 401, or no cache for /v2/; CDN: no cache where Authorization is sent), and let no rule of its own answer for /v2/.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9111#section-3.5',
    explains: is('auth_rejected', undefined, (f, x) => isOfPing(f) && x.loginWorks),
    refutedBy: ['failsEverywhere', 'cameOnce', 'othersRefused'],
    provenBy: ['path'],
    nextTest: '`curl -i -u USER URL/v2/`, and the same with `?x=1`, which no cache knows.',
  },
  login_refused_at_times: {
    title:
      'some requests of this path are let in and others refused, with the same login or none: a hop drops or changes it there, or leads to servers that do not ask for the same',
    hop: 'path',
    remedy:
      'Pass the Authorization header on with every method and path of /v2/ (nginx: no `proxy_set_header Authorization` and no `auth_basic` for some of them; HAProxy: no `del-header`), and give all servers behind the load balancer the same logins.',
    reference: 'https://distribution.github.io/distribution/recipes/nginx/',
    rank: 'inferred',
    explains: either(is('auth_expired', undefined, isLetInAtTimes), is('auth_rejected', undefined, isLetInAtTimes)),
    refutedBy: ['failsEverywhere', 'cameOnce', 'ofManifest', 'saysOtherReason'],
    provenBy: ['path'],
    nextTest:
      'Look in the registry’s log whether Authorization arrives with PATCH and PUT; push ten times over each server.',
  },
  uploads_refused: {
    title: 'the registry itself refuses uploads, over every path, and says why in its answer',
    hop: 'registry_app',
    remedy:
      'Read what the registry says in its answer and, at that time, in its log: it is a state or a rule of its own.',
    reference: 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes',
    rank: 'general',
    explains: (f, x) =>
      ownRefusals.has(f.status ?? 0) && f.registryCode !== undefined && isPushed(f, x) && x.direct === 'same',
    refutedBy: ['worksElsewhere', 'cameOnce', 'smallPassedAfter', 'blobsTaken'],
    provenBy: ['everywhere'],
    nextTest: '`docker push` of any small image to the same repository.',
  },
  name_refused: {
    title: 'the registry does not take the name of the repository',
    hop: 'registry_app',
    remedy:
      'Write the name as this registry wants it: lower case, as many parts as it asks for (Harbor `project/name`, Artifact Registry `project/repository/name`, Gitea `owner/name`), below its limit on length.',
    reference: 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes',
    explains: (f, x) => f.answeredBy === 'registry' && isRefusal(f) && says(nameWords)(f, x),
    refutedBy: ['uploadOpened'],
    provenBy: [nameWords],
    nextTest: '`docker push` to the same repository name.',
  },
  address_not_allowed: {
    title: 'the registry, or its token service, lets nobody in from the address of this host',
    remedy:
      'Allow the address that the answer names, which is that of the NAT or proxy on the way out, in the firewall of the registry (ACR: `az acr network-rule add`; GitHub and GitLab: list of allowed addresses), or push from where it is allowed (private endpoint, VPN).',
    reference: 'https://learn.microsoft.com/azure/container-registry/container-registry-access-selected-networks',
    explains: (f, x) => isRefusal(f) && says(foreignAddressWords)(f, x),
    refutedBy: ['loginWorksHere'],
    provenBy: [foreignAddressWords],
    nextTest: '`curl -i URL/v2/` from another host, and the address that the world sees of this one.',
  },
} as const satisfies Readonly<Record<string, Cause>>;
