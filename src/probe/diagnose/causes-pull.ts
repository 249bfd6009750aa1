import type { Failure } from '../failure.ts';
import type { Cause } from './cause.ts';
import { envoyTimeouts, nginxProxy } from './manuals.ts';
import type { Match } from './match.ts';
import { endedInSilence, isPullCut, isPullRefused } from '../judge/pull-cuts.ts';

/** A pull that was cut while it came; when it was after the same bytes, then after the same time, too. */
const cutUnderWay: Match = (f, { pullCuts: { sameBytes, sameMs } }) =>
  isPullCut(f) && !endedInSilence(f) && (sameBytes === undefined || sameMs !== undefined);

/** Cut after the same time each time; of one cut alone, after more than a moment. */
const mayBeClock: Match = (f, { pullCuts: { count, sameMs } }) =>
  sameMs !== undefined || (count < 2 && f.elapsedMs >= 1_000);

/** Envoy puts its name on whatever it passes on. */
function isThroughEnvoy({ evidence }: Failure): boolean {
  return /^(?:istio-)?envoy/i.test(evidence.headers?.['server'] ?? '');
}

/** A cache says that it had this answer, whole or in part. */
function isFromCache({ evidence: { headers = {} } }: Failure): boolean {
  const said = `${headers['cf-cache-status'] ?? ''} ${headers['x-cache'] ?? ''}`;
  return /\bhit\b/i.test(said) || Number(headers['age'] ?? 0) > 0;
}

/** Other bytes came than the digest is of, in a coding that changes them. */
function isRecoded({ phase, reason, evidence: { coding } }: Failure): boolean {
  const differs = reason === 'body_corrupted' || reason === 'body_truncated';
  return phase === 'pull' && differs && coding !== undefined && !/^(?:identity|aws-chunked)$/i.test(coding);
}

const isAltered = (f: Failure): boolean => f.phase === 'pull' && f.reason === 'body_corrupted' && !isRecoded(f);
const refutedBy = ['failsEverywhere', 'cameOnce'] as const;

/** Causes by which a blob that was pushed does not come back whole. */
export const pullCauses = {
  pull_silence_limit: {
    title: 'a hop ends a pull in which nothing has come from the registry for a while',
    remedy:
      'Find out why the registry stops in the middle of a blob (its storage, its network, what else it does at that time), and let the hop wait longer between two reads: nginx `proxy_read_timeout 900s` (60 s by default), HAProxy `timeout server 15m`, Envoy `stream_idle_timeout` (5 minutes), Apache `ProxyTimeout 900`.',
    reference: `${nginxProxy}#proxy_read_timeout`,
    explains: (f) => isPullCut(f) && endedInSilence(f),
    refutedBy,
    provenBy: ['path'],
    nextTest: 'Pull the same blob over the direct path: a pause there of the same length is the registry’s.',
  },
  envoy_pull_timeout: {
    title: 'Envoy ends pulls that take longer than the time limit of the route',
    hop: 'ingress',
    remedy:
      'Set the `timeout` of the route to 0s: it counts the whole answer, 15 s by default, so that a slow line makes it strike large layers only (Istio: `timeout` of the VirtualService’s route; Gateway API: `timeouts.request` of the HTTPRoute’s rule; Envoy Gateway: `timeout.http.requestTimeout` of a `BackendTrafficPolicy`). Look also for `max_stream_duration`.',
    reference: envoyTimeouts,
    explains: (f, x) => cutUnderWay(f, x) && isThroughEnvoy(f) && mayBeClock(f, x),
    refutedBy,
    provenBy: ['pullTime'],
    nextTest: '`blobprobe limit --pull`: the longest time with which a pull comes back whole.',
  },
  pull_answer_late: {
    title: 'a hop gives up waiting for the registry to begin its answer to a pull',
    remedy:
      'Find out what the registry waits for before it sends (its storage, a cache that fetches the blob first), and let the hop wait longer: nginx `proxy_read_timeout`, HAProxy `timeout server`, Envoy `timeout` of the route, Traefik `responseHeaderTimeout`, Apache `ProxyTimeout`.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-504-gateway-timeout',
    explains: (f) => f.phase === 'pull' && f.reason === 'response_timeout',
    refutedBy: ['failsEverywhere', 'cameOnce', 'neverRegistry', 'asksInVain'],
    provenBy: ['path'],
    nextTest:
      'Time the first byte of the same blob over the direct path: `curl -so /dev/null -w "%{time_starttransfer}"`.',
  },
  pull_time_limit: {
    title: 'a hop ends pulls after a certain time, whatever is still missing',
    remedy:
      'Take the limit on the whole answer off at this hop (Traefik `respondingTimeouts.writeTimeout: 0`, Go servers’ `WriteTimeout`, firewalls and service meshes with a limit on the life of a connection), or make the pull faster: a cache near the runners, smaller layers.',
    reference: 'https://doc.traefik.io/traefik/routing/entrypoints/#respondingtimeouts',
    rank: 'inferred',
    explains: (f, x) => cutUnderWay(f, x) && x.pullCuts.sameMs !== undefined,
    refutedBy,
    provenBy: ['pullTime'],
    nextTest: '`blobprobe limit --pull`: the longest time with which a pull comes back whole.',
  },
  pull_size_limit: {
    title: 'a hop ends pulls after a certain number of bytes',
    remedy:
      'Look for a limit on the size of answers at the hops: a filter or inspection that gives up, a full disk or a limit on what is set aside (nginx `proxy_max_temp_file_size 0;` or `proxy_buffering off;`, ModSecurity `SecResponseBodyLimitAction ProcessPartial`), a cache that keeps no larger objects; and for a quota on a connection.',
    reference: `${nginxProxy}#proxy_max_temp_file_size`,
    rank: 'inferred',
    explains: (f, x) => isPullCut(f) && !endedInSilence(f) && x.pullCuts.sameBytes !== undefined,
    refutedBy,
    provenBy: ['pullBytes'],
    nextTest: '`blobprobe limit --pull`: the largest blob that comes back whole.',
  },
  pull_size_refused: {
    title: 'a hop refuses to return blobs above a certain size',
    hop: 'path',
    remedy:
      'Take the limit on the size of answers off at this hop for /v2/*: squid `reply_body_max_size none`, HAProxy no `http-response deny` by `content-length`, ModSecurity `SecResponseBodyAccess Off` (or `SecResponseBodyLimit` above the largest layer).',
    reference: 'http://www.squid-cache.org/Doc/config/reply_body_max_size/',
    explains: (f, { proven }) => isPullRefused(f) && proven.has('pullSize'),
    refutedBy,
    provenBy: ['path'],
    nextTest: '`blobprobe limit --pull`: the largest blob that comes back.',
  },
  pull_cut: {
    title: 'the connection is cut in the middle of a pull, and nothing says why',
    remedy:
      'Look in the logs of the hops and of the registry at that time: limits on the time or the size of answers, restarts, memory limits that kill a proxy.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9112#name-incomplete-messages',
    rank: 'general',
    explains: isPullCut,
    refutedBy,
    provenBy: ['path'],
    nextTest:
      '`blobprobe diagnose --pull`: a second cut after the same time, or after the same bytes, says which limit it is.',
  },
  pull_not_resumed: {
    title: 'a pull that was cut cannot be resumed: its rest is refused, or another part of the blob comes',
    remedy:
      'Find out what cuts (the request before), and let parts of blobs through: pass `Range` of requests and 206 of answers on (nginx `proxy_force_ranges on`, or no cache for /v2/*; a cache rule with bypass at the CDN).',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-range-requests',
    rank: 'inferred',
    explains: (f) => f.phase === 'pull' && f.reason === 'resume_refused',
    refutedBy: ['cameOnce'],
    provenBy: 'nothing',
    nextTest: '`curl -i -r 5-9` of a blob on this path and on the direct one: 206 with five bytes must come.',
  },
  pull_recoded: {
    title: 'a hop compresses pulled blobs, so that the bytes do not match the digest',
    remedy:
      'Switch compression off for /v2/* (nginx `gzip off;`, Traefik: no `compress` middleware on this router, Apache `SetEnv no-gzip`, Envoy: no compressor filter on this route), or let it keep to text: blobs are application/octet-stream and asked for with `Accept-Encoding: identity`.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding',
    explains: isRecoded,
    refutedBy,
    provenBy: [/\bcoding: \w/],
    nextTest: '`curl -sI -H "Accept-Encoding: identity"` of a blob: Content-Encoding must not be there.',
  },
  pull_cache_wrong: {
    title: 'a cache on the way returns other bytes than were pushed',
    remedy:
      'Purge what this cache has of /v2/*, and keep it from blobs that were not all there (nginx: no `proxy_ignore_client_abort` with `proxy_cache`, no `slice` without the range in the key); or cache nothing of /v2/*.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9111#name-storing-incomplete-response',
    explains: (f) => isAltered(f) && isFromCache(f),
    refutedBy,
    provenBy: ['path'],
    nextTest: 'Pull the same blob past the cache, over the direct path.',
  },
  pull_altered: {
    title: 'other bytes come back than were pushed',
    remedy:
      'Switch off whatever rewrites, inspects or caches answers on this way (WAF, antivirus, CDN); when every way shows it, test memory and storage of the registry.',
    reference: 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-blobs',
    rank: 'inferred',
    explains: isAltered,
    refutedBy,
    provenBy: ['path'],
    nextTest: 'Pull the same blob over the direct path: damage that follows the path is the path’s.',
  },
  pull_short: {
    title: 'a hop ends a blob as if it were complete before all of it came',
    remedy:
      'Find the hop that ends its answer when its own connection to the registry broke, instead of failing it (chunked answers without a length, caches of parts); compare the byte counts of the access logs.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9112#name-incomplete-messages',
    explains: (f) => f.phase === 'pull' && f.reason === 'body_truncated' && !isRecoded(f),
    refutedBy,
    provenBy: ['path'],
    nextTest: 'Compare the byte counts in the access logs of all hops for one pull.',
  },
} as const satisfies Readonly<Record<string, Cause>>;
