import type { Cause } from './finding.ts';

/** Causes at the registry, its token service and storage, and on the way before any hop answers. */
export const registryCauses = {
  registry_down: {
    title: 'the registry itself does not work: no path gets through',
    hop: 'registry_app',
    remedy:
      'Look at the registry: is it running, what does its log say, does its storage answer? No path is to blame while it is down.',
    reference: 'https://distribution.github.io/distribution/about/configuration/#health',
  },
  unreachable: {
    title: 'the registry cannot be reached over this path, and there is no other path to compare with',
    hop: 'unknown',
    remedy:
      'Find out whether the registry is down or only this way to it: configure a second, direct path and diagnose again.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-502-bad-gateway',
  },
  registry_body_limit: {
    title: 'the registry itself refuses bodies of this size',
    hop: 'registry_app',
    remedy:
      'Raise the limit in the registry (Gitea: `LIMIT_SIZE_CONTAINER`; hosted registries: their maximum layer size).',
    reference: 'https://docs.gitea.com/administration/config-cheat-sheet#packages-packages',
  },
  slow_commit: {
    title: 'the registry takes longer to store a blob than the client waits',
    hop: 'registry_storage',
    remedy:
      'Speed up the storage (distribution copies each blob at the commit: use a driver that renames), or wait longer in the client; containerd waits 30 s for response headers.',
    reference: 'https://github.com/moby/moby/issues/53700',
  },
  storage_failing: {
    title: 'the registry fails while it stores the blob',
    hop: 'registry_storage',
    remedy:
      'Look at the registry’s log and the space, permissions and health of its storage (file system, S3, MinIO). Several replicas of Gitea have to share `APP_DATA_PATH`, where uploads are kept.',
    reference: 'https://github.com/go-gitea/gitea/issues/21320',
  },
  registry_failing: {
    title: 'the registry answers with an error of its own',
    hop: 'registry_app',
    remedy: 'Look at the registry’s log for this request: database, locks, configuration.',
    reference: 'https://distribution.github.io/distribution/about/configuration/#log',
  },
  not_stored: {
    title: 'the registry says it has the blob and does not show it afterwards',
    hop: 'registry_storage',
    remedy: 'Look for replicas with storage that is not shared, or a cache in front that answers for the registry.',
    reference: 'https://github.com/distribution/distribution/issues/2519',
  },
  upload_state_not_shared: {
    title: 'upload sessions are not known to every replica of the registry',
    hop: 'registry_app',
    remedy:
      'Give all replicas the same `http.secret` (REGISTRY_HTTP_SECRET) and the same storage for uploads, or make sessions sticky at the load balancer.',
    reference: 'https://github.com/distribution/distribution/issues/2519',
  },
  range_refused: {
    title: 'the registry does not accept the ranges of a chunked upload',
    hop: 'registry_app',
    remedy:
      'Push in one piece (monolithic or streamed), or update the registry; look for a hop that sends a request twice.',
    reference: 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks',
  },
  token_expired: {
    title: 'the token expires before the upload ends',
    hop: 'auth_server',
    remedy:
      'Raise the lifetime of tokens above the longest upload (GitLab: Authorization token duration, 5 min by default; docker_auth: `token.expiration`; Harbor: Token Expiration); a proxy that collects bodies first makes it worse (nginx: `proxy_request_buffering off`).',
    reference: 'https://github.com/moby/moby/issues/33558',
  },
  credentials_rejected: {
    title: 'the credentials are refused',
    hop: 'auth_server',
    remedy:
      'Check user, password or token and the right to push to this repository; try `docker login` with the same ones.',
    reference: 'https://distribution.github.io/distribution/spec/auth/token/',
  },
  token_service_down: {
    title: 'the token service does not work',
    hop: 'auth_server',
    remedy:
      'Look at the token service that the registry’s challenge names as `realm` (Harbor core, GitLab, docker_auth, Gitea itself): is it running, and can this host reach it? Every path that gets its tokens there fails with it.',
    reference: 'https://distribution.github.io/distribution/spec/auth/token/',
  },
  realm_wrong: {
    title: 'the registry sends clients to a token service that cannot be used from here',
    hop: 'auth_server',
    remedy:
      'Set the public URL of the registry (Gitea `ROOT_URL`, distribution `auth.token.realm`) to one that clients of this path reach, or probe this path with `realm: rewrite` or `allowHosts`.',
    reference: 'https://github.com/go-gitea/gitea/issues/22033',
  },
  rate_limited: {
    title: 'requests are refused because there are too many',
    hop: 'failure',
    remedy:
      'Probe less often, log in (anonymous limits are lower), or raise the rate limit at the hop that answers 429.',
    reference: 'https://docs.docker.com/docker-hub/usage/',
  },
  quota: {
    title: 'the quota of the project is used up',
    hop: 'registry_app',
    remedy:
      'Raise the quota (Harbor: Project Quotas; Gitea: `[quota]` and `LIMIT_TOTAL_OWNER_SIZE`) or remove what is not needed.',
    reference: 'https://goharbor.io/docs/main/administration/configure-project-quotas/',
  },
  storage_full: {
    title: 'the storage of the registry is full',
    hop: 'registry_storage',
    remedy: 'Free or add space, then run the registry’s garbage collection.',
    reference: 'https://distribution.github.io/distribution/about/garbage-collection/',
  },
  name_not_resolved: {
    title: 'the name of the registry does not resolve',
    hop: 'dns',
    remedy: 'Check the DNS record and the resolvers of this host (`dns` of the path asks others).',
    reference: 'https://www.rfc-editor.org/rfc/rfc8499',
  },
  nothing_listens: {
    title: 'nothing listens on the address of this path, while the registry works over another',
    hop: 'failure',
    remedy: 'Check that proxy or port forwarding of this path runs and that URL and port are right.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9293',
  },
  no_way_there: {
    title: 'there is no way to the address of this path, while the registry works over another',
    hop: 'client_network',
    remedy: 'Check routes, firewalls and network policies between this host and the address.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9293',
  },
  tls_not_trusted: {
    title: 'TLS with this path does not come about',
    hop: 'ingress',
    remedy:
      'Renew the certificate or serve the whole chain for this name; for a private CA set `tls.caFile` here and install it on the clients (/etc/docker/certs.d/HOST/ca.crt).',
    reference: 'https://docs.docker.com/engine/security/certificates/',
  },
} as const satisfies Readonly<Record<string, Cause>>;
