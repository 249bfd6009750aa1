import { storageWords, quotaWords } from '../judge/words.ts';
import type { Cause } from './cause.ts';
import { nginxProxy } from './manuals.ts';
import { uploadRefutations } from './refutations-upload.ts';
import {
  alwaysKnown,
  either,
  is,
  isEmpty,
  leadsNowhere,
  leadsToStore,
  readOnly,
  says,
  storeRefuses,
} from './predicates.ts';

const ofStorage = says(storageWords);
const ofQuota = says(quotaWords);

/** Causes at the registry and its storage. */
export const registryCauses = {
  registry_read_only: {
    title: 'the registry takes no uploads: it is read-only, or a cache of another registry',
    hop: 'registry_app',
    remedy:
      'End its maintenance mode (distribution: `storage.maintenance.readonly.enabled: false`; Harbor: Repository Read Only under System Settings); a cache (`proxy.remoteurl`) takes none at all: push to the registry behind it.',
    reference: 'https://distribution.github.io/distribution/about/configuration/#readonly',
    explains: readOnly,
    refutedBy: ['cameOnce', 'uploadOpened'],
    provenBy: [/read[- ]?only|\bUNSUPPORTED\b/i, 'everywhere'],
    nextTest: 'Look at the configuration and the maintenance jobs of the registry.',
  },
  storage_full: {
    title: 'the storage of the registry is full',
    hop: 'registry_storage',
    remedy: 'Free or add space, then run the registry’s garbage collection.',
    reference: 'https://distribution.github.io/distribution/about/garbage-collection/',
    explains: either(
      (f) => f.status === 507,
      (f, x) =>
        (f.status ?? 0) >= 500 &&
        says(/no space left|insufficient storage|disk (?:is )?full|storage ?full|"Err":\s*(?:28|122)\b/i)(f, x),
    ),
    refutedBy: ['smallPassedAfter'],
    provenBy: [/^507\b|no space left|insufficient storage|disk (?:is )?full|storage ?full|"Err":\s*(?:28|122)\b/i],
    nextTest: '`df -h` and `df -i` on the registry’s storage.',
  },
  quota: {
    title: 'the quota of the project is used up',
    hop: 'registry_app',
    remedy:
      'Raise the quota (Harbor: Project Quotas; Gitea: `LIMIT_TOTAL_OWNER_SIZE`, and for one blob `LIMIT_SIZE_CONTAINER`, in `[packages]`; Forgejo: `[quota]` as well) or remove what is not needed.',
    reference: 'https://goharbor.io/docs/main/administration/configure-project-quotas/',
    explains: either(
      is('quota_exceeded', undefined, (f) => f.status !== 507),
      // Without a word, or with words of it.
      is('auth_rejected', 'registry', (f, x) => f.status === 403 && f.sentBytes > 0 && (isEmpty(f) || ofQuota(f, x))),
    ),
    refutedBy: ['smallPassedAfter'],
    provenBy: [quotaWords],
    nextTest: 'Look at what the project holds and at its quota.',
  },
  upload_state_not_shared: {
    title: 'upload sessions are not known to every replica of the registry',
    hop: 'registry_app',
    remedy:
      'Give all replicas the same `http.secret` (REGISTRY_HTTP_SECRET) and the same storage for uploads, or make sessions sticky at the load balancer, by address: clients keep no cookies.',
    reference: 'https://github.com/distribution/distribution/issues/2519',
    rank: 'inferred',
    explains: either(
      is('session_lost'),
      (f) => f.reason === 'range_conflict' && (f.registryCode ?? '').startsWith('BLOB_UPLOAD_') && f.status !== 416,
    ),
    refutedBy: ['noSession', 'hopSaidIt', 'sessionNeverKnown', 'sessionAlwaysKnown'],
    provenBy: ['session'],
    nextTest: 'Scale the registry to one replica and diagnose again.',
  },
  upload_url_changed: {
    title:
      'the registry does not know the upload by the URL that arrives: a hop changes its path, or drops or changes its query',
    hop: 'path',
    remedy:
      'Pass the URL on as it is, with its query (nginx: `proxy_pass http://UPSTREAM;` without `$uri`, or with `$is_args$args`; Apache: `nocanon`, and no `[NE]` rewriting; CDN: forward all query strings): the state of an upload and its digest stand there.',
    reference: 'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
    rank: 'inferred',
    explains: (f, x) =>
      f.answeredBy === 'registry' &&
      (f.reason === 'session_lost' || f.reason === 'range_conflict') &&
      (x.session.disowned > 0 || alwaysKnown(x)) &&
      (x.direct === 'ok' || x.direct === 'slow'),
    refutedBy: ['noSession', 'sessionKnown', 'failsEverywhere'],
    provenBy: [
      /\bdigest missing\b|(?:missing|no|required|without)\b.{0,20}\b(?:digest|query|_state)\b(?! (?:mismatch|invalid))/i,
    ],
    nextTest: 'Look in the registry’s access log whether the query of PATCH and PUT arrives as the Location had it.',
  },
  upload_routed_elsewhere: {
    title: 'a hop does not lead the upload to where it was opened',
    remedy:
      'Route every method and every path below /v2/ to the same registry, also with a query and with the port in Host.',
    reference: 'https://github.com/distribution/distribution/issues/970',
    rank: 'general',
    explains: either(
      is('session_lost', undefined, (f) => !['registry', 'none'].includes(f.answeredBy)),
      is('method_not_allowed', undefined, uploadRefutations.leadsElsewhere.holds),
    ),
    refutedBy: ['noSession'],
    provenBy: ['path', /404 page not found|default backend/i],
    nextTest: '`curl -i -X PATCH` of the Location that POST gave.',
  },
  range_refused: {
    title: 'the registry does not accept the ranges of a chunked upload',
    hop: 'registry_app',
    remedy:
      'Push in one piece (monolithic or streamed), or update the registry; look for a hop that sends a request twice.',
    reference: 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks',
    rank: 'inferred',
    explains: is('range_conflict'),
    refutedBy: ['cameOnce'],
    provenBy: ['everywhere'],
    nextTest: 'Push the same size with another client (`--client=docker`), which sends one body.',
  },
  nginx_temp_full: {
    title: 'nginx fails by itself while it holds the body',
    hop: 'ingress',
    remedy:
      'Look at nginx’s error log and at the space in `client_body_temp_path`; with `proxy_request_buffering off` bodies are not stored there.',
    reference: `${nginxProxy}#proxy_request_buffering`,
    explains: (f) => f.answeredBy === 'nginx' && f.status === 500 && f.sentBytes > 0,
    refutedBy: ['failsEverywhere', 'bareFails'],
    provenBy: ['path'],
    nextTest: 'Read the error log of this hop at the time of the failing push.',
  },
  redirect_store_unreachable: {
    title: 'reads of blobs are redirected to a store that clients of this path do not reach, or do not trust',
    hop: 'registry_storage',
    remedy:
      'Let the registry serve blobs itself (distribution `storage.redirect.disable: true`; Harbor `disableredirect: true` of the chart’s `imageChartStorage`; Gitea `SERVE_DIRECT = false`), or give the store a name that clients resolve and reach, and a certificate that they trust.',
    reference: 'https://distribution.github.io/distribution/about/configuration/#redirect',
    explains: (f, x) => leadsNowhere(f, x) && leadsToStore(f),
    refutedBy: ['cameOnce'],
    provenBy: [
      /ENOTFOUND|ENODATA|ECONNREFUSED|\btls:(?:not_tls|unknown_ca|self_signed|wrong_name|name_in_cn|expired|not_yet_valid)\b/,
    ],
    nextTest: '`curl -sI` of a blob that exists: whether its Location can be reached from here.',
  },
  redirect_store_refuses: {
    title: 'reads of blobs are redirected to a store, and the store refuses them',
    hop: 'registry_storage',
    remedy:
      'Read what the store says: its clock and that of the registry have to agree, its keys and policies have to allow reads, and no proxy may change host or query of the URLs that the registry signs (distribution `regionendpoint` is the name that clients use); or let the registry serve blobs itself (`storage.redirect.disable: true`).',
    reference: 'https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html',
    explains: storeRefuses,
    refutedBy: ['cameOnce'],
    provenBy: [
      /RequestTimeTooSkewed|SignatureDoesNotMatch|AccessDenied|InvalidAccessKeyId|ExpiredToken|AuthorizationHeaderMalformed|NoSuch(?:Key|Bucket)|Request has expired/,
    ],
    nextTest: '`curl -siL` of a blob that exists: the XML of the store names what is wrong.',
  },
  registry_failing: {
    title: 'the registry answers with an error of its own',
    hop: 'registry_app',
    remedy: 'Look at the registry’s log for this request: database, locks, configuration.',
    reference: 'https://distribution.github.io/distribution/about/configuration/#log',
    rank: 'inferred',
    explains: is(
      'registry_error',
      undefined,
      (f, x) => (f.phase === 'start' || f.phase === 'auth') && !ofStorage(f, x),
    ),
    refutedBy: ['cameOnce', 'hopSaidItAlone', 'failsHereAlone'],
    provenBy: ['everywhere'],
    nextTest: 'Read the registry’s log at the time of the push, by its request id.',
  },
  registry_fails_here: {
    title:
      'the registry fails what comes over this path, and takes the same over another: a hop changes the requests, or leads to another registry or storage',
    hop: 'path',
    remedy:
      'Look in the registry’s log for this request, and what arrives there: headers that a hop sets (nginx: no `proxy_set_header Content-Type` for /v2/*), method and query. Look whether both paths lead to the same registry: of several replicas one may have a storage that fails.',
    reference: 'https://distribution.github.io/distribution/about/configuration/#log',
    rank: 'general',
    explains: is('registry_error', 'registry', (_, x) => x.direct === 'ok'),
    refutedBy: ['failsEverywhere', 'cameOnce', 'largerAlikePassed'],
    provenBy: ['path'],
    nextTest: 'Push over this path and over the direct one, and compare both requests in the registry’s log.',
  },
  storage_failing: {
    title: 'the registry fails while it stores the blob, or returns it',
    hop: 'registry_storage',
    remedy:
      'Look at the registry’s log and the space, permissions and health of its storage (file system, S3, MinIO). Several replicas of Gitea have to share `APP_DATA_PATH`, where uploads are kept.',
    reference: 'https://github.com/go-gitea/gitea/issues/21320',
    rank: 'inferred',
    explains: is('registry_error', undefined, (f, x) => (f.phase !== 'start' && f.phase !== 'auth') || ofStorage(f, x)),
    refutedBy: ['cameOnce', 'hopSaidItAlone', 'failsHereAlone'],
    provenBy: ['everywhere', storageWords],
    nextTest: 'Read the registry’s log at the time of the push, by its request id.',
  },
} as const satisfies Readonly<Record<string, Cause>>;
