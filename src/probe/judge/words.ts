import { pageMarks } from './answered-by.ts';
import type { Failure } from '../failure.ts';

/** Headers that say why. */
const saidIn = ['x-squid-error', 'x-envoy-overloaded', 'warning'] as const;

/** A page without its tags, and without what is in its head. */
function textOf(body: string): string {
  return body.replaceAll(/<(style|script)\b.*?(?:<\/\1>|$)|<!--.*?(?:-->|$)/gis, ' ').replaceAll(/<[^>]*>/g, ' ');
}

/** The first sentence of what the other side said, at most 160 characters: JSON error code and message, or text; undefined: nothing. */
export function quoteOf({ evidence }: Failure): string | undefined {
  const { body = '' } = evidence;
  const [, registryCode, message, detail = ''] =
    /"code"\s*:\s*"([^"]{1,64})"(?:\s*,\s*"message"\s*:\s*"((?:[^"\\]|\\.){1,300})")?(?:\s*,\s*"detail"\s*:\s*([^\]]{1,300}))?/.exec(
      body,
    ) ?? [];
  // Only what says nothing itself is completed: the storage driver and the error of the system stand there.
  const more = registryCode === 'UNKNOWN' ? ` ${detail.replaceAll(/["{}]/g, ' ')}` : '';
  // A page says most of its title again, unless it is cut off before.
  const plain = (html: string): string => textOf(html).replaceAll(/\s+/g, ' ').trim();
  const page = plain(body.replace(/<title>.*?<\/title>/is, ' ')) || plain(body);
  const coded = `${registryCode}${message === undefined ? '' : `: ${message}`}${more}`;
  const text = registryCode === undefined ? page : coded.replaceAll(/\s+/g, ' ');
  const [sentence = ''] = /.{1,160}?[.!?](?=\s|$)|.{1,160}/u.exec(text) ?? [];
  return sentence.trim() || undefined;
}

/**
 * All that the other side, the resolver or the TLS library said of a failure, in one line: status, the registry's code, the error
 * code, headers that say why, the type of the answer, the beginning of the body without its tags.
 */
export function wordsOf({ status: answered, registryCode, evidence }: Failure): string {
  const { body = '', headers = {} } = evidence;
  const said = saidIn.flatMap((name) => (headers[name] === undefined ? [] : `${name}: ${headers[name]}`));
  // In words of our own, lest a rule for words finds a name of a header where the other side complains of it.
  const type = headers['content-type'] === undefined ? undefined : `written as ${headers['content-type']}`;
  const location = evidence.location === undefined ? undefined : `location: ${evidence.location}`;
  const tls = evidence.tlsProblem === undefined ? undefined : `tls:${evidence.tlsProblem}`;
  const login = evidence.authProblem === undefined ? undefined : `login:${evidence.authProblem}`;
  const words = [
    answered,
    registryCode,
    evidence.code,
    tls,
    login,
    textOf(body),
    ...said,
    type,
    evidence.coding === undefined ? undefined : `coding: ${evidence.coding}`,
    evidence.challenge,
    location,
  ];
  return words.join(' ').replaceAll(/\s+/g, ' ').trim();
}

/** Words of a page that was put up on purpose; Apache’s own page for 503 speaks of maintenance whatever is wrong. */
export const maintenanceWords = /maintenance(?! downtime or capacity)/i;

/** Words of a hop that has too much to do, or was told to take no more. */
export const overloadWords =
  /overload|overflow|too many (?:connections|pending)|queue (?:is )?full|circuit[ -]?break|local_rate_limited|server too busy|resource limit/i;

/** Words of a hop that did not get through to what is behind it. */
export const unreachableWords =
  /no server is available|no available server|no healthy upstream|connection refused|remote connection failure|could not connect|(?:dns|name) (?:lookup|resolution) (?:failed|error)|no route to host|host is unreachable|failed to establish|err_(?:connect_fail|cannot_forward|dns_fail)/i;

/** A hop names a trouble of its own, or of the way behind it, and no answer that came from there. */
export function namesOwnReason(words: string): boolean {
  return [unreachableWords, overloadWords, maintenanceWords].some((one) => one.test(words));
}

/** Words of a quota that is used up. */
export const quotaWords = /quota|exceed/i;

/** Words of a storage driver (distribution: the detail of `UNKNOWN` has its name and the system's error). */
export const storageWords =
  /\bs3\b|minio|storage ?driver|"DriverName"|"Enclosed"|input\/output error|permission denied|read-only file ?system|\bs3aws\b|filesystem: /i;

/** Words of a server that got plain HTTP on a port of TLS: nginx’s, Apache’s and Go’s. */
export const plainToTlsWords =
  /plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server|speaking plain HTTP to an SSL-enabled server port/i;

/** The registry made this answer: an error of its own, or a bare one that is no page of a hop that leaves the registry's header on it. */
export function saidByRegistry({ answeredBy, registryCode, evidence }: Failure): boolean {
  return answeredBy === 'registry' && (registryCode !== undefined || !pageMarks.test(evidence.body ?? ''));
}
