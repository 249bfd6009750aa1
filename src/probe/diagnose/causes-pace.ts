import { isCut } from '../judge/is-cut.ts';
import type { AnsweredBy, Failure } from '../failure.ts';
import type { Cause } from './cause.ts';
import { albTroubleshooting, cloudflare5xx, envoyTimeouts, haproxyManual, nginxCore } from './manuals.ts';
import {
  atLimitOfTime,
  cutInSilence,
  either,
  is,
  isEmpty,
  isPushed,
  mayBeUnderWay,
  ofStranger,
  says,
  saysStreamTimeout,
} from './predicates.ts';

const common = {
  hop: 'ingress',
  refutedBy: ['restPassed'],
  nextTest: 'Diagnose with slow bodies (without `--quick`): a body that rests is ended, a slow one is not.',
} as const satisfies Partial<Cause>;

/** The rows of the hops that end a body in which nothing moves, alike but for who does and what to do. */
function restLimitOf(hop: AnsweredBy, row: Omit<Cause, keyof typeof common | 'explains'>): Cause {
  return { ...common, explains: is('request_timeout', hop, isPushed), ...row };
}

/** Of the time of a request: with less, what is at the end of its clock is the body as well as the answer. */
const leastWaited = 0.5;

/** The answer came sooner after the last byte than the body had taken. */
function hardlyWaited({ phase, elapsedMs, evidence }: Failure): boolean {
  const { sinceLastByteMs = Number.POSITIVE_INFINITY } = evidence;
  return phase === 'wait' && sinceLastByteMs < leastWaited * elapsedMs;
}

/** Limits on the time that a body may take. */
export const paceCauses = {
  cloudflare_write_timeout: {
    title: 'the origin does not take the bytes as fast as Cloudflare wants to send them',
    hop: 'edge_to_origin',
    remedy:
      'Cloudflare ends a write that blocks for 30 s, and no setting changes that: look for slow storage or a slow tunnel behind it, or push over a way without Cloudflare.',
    reference: `${cloudflare5xx}/error-524/`,
    explains: (f) => f.status === 524 && f.phase === 'send',
    refutedBy: ['slowPassed'],
    provenBy: [/^524\b/],
    nextTest: 'Push over the direct path and compare the time that the body takes.',
  },
  traefik_read_timeout: {
    title: 'Traefik ends requests whose body takes too long to arrive, whatever its size',
    hop: 'ingress',
    remedy:
      'Set `respondingTimeouts.readTimeout: 0` (or several minutes) under `transport` of the entry point: `--entryPoints.websecure.transport.respondingTimeouts.readTimeout=0`; 60 s is the default since v2.11.2 and v3.0, for Ingress and Gateway API alike.',
    reference: 'https://github.com/traefik/traefik/issues/10805',
    explains: either(
      is('request_timeout', 'traefik', isPushed),
      // Its clock also strikes when the last bytes wait in the kernel of one of the two.
      is(
        'response_timeout',
        'traefik',
        either((f) => f.phase === 'send' || hardlyWaited(f), atLimitOfTime, mayBeUnderWay),
      ),
    ),
    refutedBy: ['slowPassed', 'timesDiffer'],
    provenBy: [/^499\b|client closed request/i, 'pace', 'clock'],
    nextTest: '`blobprobe limit` for time: a small body sent over 65 s is ended after 60 s when this is it.',
  },
  nginx_client_body_timeout: restLimitOf('nginx', {
    title: 'nginx ends uploads that pause for too long',
    remedy:
      'Raise `client_body_timeout` (60 s between two reads by default; on NGINX Gateway Fabric `body.timeout` of a `ClientSettingsPolicy`).',
    reference: `${nginxCore}#client_body_timeout`,
    provenBy: [/^408\b.*time-?out/i, 'rest'],
  }),
  haproxy_client_timeout: restLimitOf('haproxy', {
    title: 'HAProxy ends uploads that pause for too long',
    remedy: 'Raise `timeout client` of the frontend (and `timeout http-request`, which counts the headers).',
    reference: `${haproxyManual}#4.2-timeout%20client`,
    provenBy: [/^408\b.*time-?out/i, 'rest'],
  }),
  alb_idle_timeout: restLimitOf('alb', {
    title: 'the AWS load balancer ends requests that pause for too long',
    remedy: 'Raise the attribute `idle_timeout.timeout_seconds` of the load balancer (60 s by default).',
    reference: albTroubleshooting,
    provenBy: [/^(?:408|460)\b/, 'rest'],
  }),
  envoy_idle_timeout: {
    title:
      'Envoy ends requests in which nothing moves for too long: a body that pauses, or an answer that is waited for',
    hop: 'ingress',
    remedy:
      'Raise `stream_idle_timeout` of the HTTP connection manager (5 min by default; Envoy Gateway: `timeout.http.streamIdleTimeout` of a `BackendTrafficPolicy`) and `idle_timeout` of the route above the longest silence, or `request_timeout` if it is set.',
    reference: envoyTimeouts,
    explains: either(
      is('request_timeout', 'envoy', (f, x) => saysStreamTimeout(f, x) || isEmpty(f)),
      // The same limit, while Envoy waits for the answer.
      is('response_timeout', 'envoy', saysStreamTimeout),
    ),
    refutedBy: ['restPassed'],
    provenBy: [/\bstream timeout/i, 'rest'],
    nextTest: 'Look for `stream_idle_timeout` in the response flags (SI) of Envoy’s access log.',
  },
  envoy_request_timeout: {
    title: 'Envoy ends requests that have not come in whole within its limit',
    hop: 'ingress',
    remedy:
      'Raise `request_timeout` of the HTTP connection manager, or set it to 0s (it counts the whole request; Envoy Gateway: `ClientTrafficPolicy`’s `timeout.http.requestReceivedTimeout`).',
    reference: envoyTimeouts,
    explains: is('request_timeout', 'envoy', (f, x) => says(/^408 request timeout/i)(f, x) || isEmpty(f)),
    refutedBy: ['slowPassed'],
    provenBy: [/^408 request timeout/i, 'pace'],
    nextTest:
      'Diagnose with slow bodies (without `--quick`): a slow body is ended at the same time, though it never rests.',
  },
  envoy_max_stream_duration: {
    title: 'Envoy ends streams at its longest duration, even while bytes move',
    hop: 'ingress',
    remedy:
      'Raise `max_stream_duration` of the HTTP connection manager or of the route (Envoy Gateway: `timeout.http.maxStreamDuration` of a `BackendTrafficPolicy`; Istio: `maxStreamDuration`), or take it off for the registry.',
    reference: envoyTimeouts,
    explains: either(
      says(/(?:downstream duration|max(?:imum)? stream duration)/i),
      is('request_timeout', 'envoy', (f) => isEmpty(f)),
    ),
    refutedBy: ['slowPassed'],
    provenBy: [/downstream duration timeout|max(?:imum)? stream duration/i],
    nextTest:
      'Diagnose with slow bodies (without `--quick`): a slow body is ended at the same time, though it never rests.',
  },
  apache_request_timeout: {
    title: 'Apache ends requests whose body comes too slowly',
    hop: 'ingress',
    remedy:
      'Set `RequestReadTimeout body=0` (mod_reqtimeout; the default is 20 s and 500 bytes/s at least) for the registry.',
    reference: 'https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html',
    explains: is('request_timeout', 'apache'),
    refutedBy: ['slowPassed'],
    provenBy: [/^408\b.*time-?out/i, 'pace', 'clock'],
    nextTest: 'Diagnose with slow bodies (without `--quick`): the rate below which they are ended is `MinRate`.',
  },
  request_time_limit: {
    title: 'a hop ends requests whose body takes too long to arrive, whatever its size',
    remedy:
      'Raise the limit on the duration of a request at this hop (Traefik `respondingTimeouts.readTimeout`, Go servers `ReadTimeout`, HAProxy `timeout client`, firewalls’ session limits).',
    reference: 'https://github.com/traefik/traefik/issues/10805',
    rank: 'inferred',
    explains: either(
      is('request_timeout', undefined, ofStranger),
      (f) => f.status === 504 && f.phase === 'send' && f.answeredBy !== 'traefik',
      (f, x) =>
        isCut(f) &&
        f.phase === 'send' &&
        (atLimitOfTime(f, x) || (x.constantMs !== undefined && x.proven.has('clock'))),
    ),
    refutedBy: ['slowPassed', 'timesDiffer'],
    provenBy: ['pace', 'clock'],
    nextTest:
      'Diagnose with slow bodies (without `--quick`): a small body is ended after the same time when this is it.',
  },
  idle_time_limit: {
    title: 'a hop ends requests in which nothing moves for too long',
    remedy:
      'Raise the idle timeout of this hop (nginx `client_body_timeout` and `proxy_read_timeout`, HAProxy `timeout client` and `timeout server`, AWS `idle_timeout.timeout_seconds`, idle timers of firewalls and NAT) above the longest silence: a client that compresses, a registry that stores the blob.',
    reference: `${haproxyManual}#4.2-timeout%20client`,
    rank: 'inferred',
    explains: cutInSilence,
    refutedBy: ['restPassed'],
    provenBy: ['rest'],
    nextTest:
      'Diagnose with slow bodies (without `--quick`): a small body that rests is ended, one that is slow is not.',
  },
  slow_bodies_refused: {
    title: 'a hop fails bodies that come slowly',
    remedy:
      'Look for limits on the time or the rate of request bodies at the hop that answers (Apache `RequestReadTimeout`, nginx `client_body_timeout`, HAProxy `timeout http-request` with `option http-buffer-request`).',
    reference: 'https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html',
    rank: 'inferred',
    explains: (f, x) => x.isSlowBody && (f.status ?? 0) >= 400 && f.answeredBy !== 'registry',
    refutedBy: ['slowPassed'],
    provenBy: ['pace'],
    nextTest: 'Diagnose again with slow bodies: whether the time at which they are ended is the same.',
  },
} as const satisfies Readonly<Record<string, Cause>>;
