import { clientClosed, type LogFormat, type LoggedRequest, numberIn, withoutQuery } from './log-line.ts';

type Said = Pick<LoggedRequest, 'status' | 'answeredBy' | 'clientGone' | 'sentBytes' | 'names' | 'harmless'>;

/** nginx's words, and what the client got for it (src/http of nginx). */
const nginxWords: readonly (readonly [RegExp, (match: RegExpExecArray) => Said])[] = [
  [
    /client intended to send too large (?:chunked )?body: (\d+)(?:\+(\d+))? bytes/,
    ([, bytes, more]) => ({
      status: 413,
      answeredBy: 'nginx',
      sentBytes: (numberIn(bytes) ?? 0) + (numberIn(more) ?? 0),
      names: 'nginx_body_limit',
    }),
  ],
  // Before what it says of the upstream, which it names only as what it was doing.
  [/client (?:prematurely )?closed (?:keepalive )?connection/, () => ({ answeredBy: 'none', clientGone: true })],
  [
    /client request body is buffered to a temporary file/,
    () => ({ answeredBy: 'none', harmless: 'nginx collects the body in a file before it goes on' }),
  ],
  [
    /upstream timed out.*while reading response header/,
    () => ({ status: 504, answeredBy: 'nginx', names: 'nginx_read_timeout' }),
  ],
  [/upstream timed out/, () => ({ status: 504, answeredBy: 'nginx' })],
  [
    /no live upstreams|connect\(\) failed|upstream prematurely closed|upstream sent (?:too big|invalid)|while (?:reading|sending|connecting).*upstream/,
    () => ({ status: 502, answeredBy: 'nginx' }),
  ],
  [
    /client timed out.*while reading client request body/,
    () => ({ status: 408, answeredBy: 'nginx', names: 'nginx_client_body_timeout' }),
  ],
  [/client timed out/, () => ({ status: 408, answeredBy: 'nginx' })],
];

const nginxError: LogFormat = {
  name: 'nginx error log',
  example:
    '2026/11/28 22:00:00 [error] 7#7: *1 client intended to send too large body: 104857600 bytes, client: 10.0.0.9, server: git.example.org, request: "PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1", host: "git.example.org"',
  read(line) {
    const pattern =
      /^\d{4}\/\d\d\/\d\d \S+ \[\w+\] \d+#\d+: (?:\*\d+ )?(?<words>.*?), client: .*?request: "(?<method>[A-Z]+) (?<uri>\S+)/;
    const { groups } = pattern.exec(line) ?? {};
    if (groups === undefined) return undefined;
    const { words = '', method = '', uri = '' } = groups;
    const host = /, host: "([^"]+)"/.exec(line)?.[1];
    for (const [said, facts] of nginxWords) {
      const match = said.exec(words);
      if (match !== null) {
        const where = host === undefined ? uri : `https://${host}${uri}`;
        return { method, uri: withoutQuery(where), words, ...facts(match) };
      }
    }
    return undefined;
  },
};

/** logrus writes `key=value`, and JSON when told to. */
const distribution: LogFormat = {
  name: 'distribution (registry) log',
  example:
    'time="2026-11-28T22:00:00Z" level=error msg="response completed with error" err.code="blob upload invalid" http.request.method=PATCH http.request.uri="/v2/team/app/blobs/uploads/1" http.response.duration=12ms http.response.status=404',
  read(line) {
    const field = (name: string): string | undefined => {
      const key = name.replaceAll('.', '\\.');
      const [, quoted, bare] =
        new RegExp(`(?:^|[ {,])"?${key}"?[=:] ?(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,}]+))`).exec(line) ?? [];
      return quoted ?? bare;
    };
    const method = field('http.request.method');
    const uri = field('http.request.uri');
    const status = numberIn(field('http.response.status'));
    // It says so in a line of its own, and then that it answered 499, or 500 as 2.8 does; nobody was there to read it.
    const clientGone = status === clientClosed || /client disconnected/.test(field('err.detail') ?? field('msg') ?? '');
    if (method === undefined || uri === undefined || (status === undefined && !clientGone)) return undefined;
    const host = field('http.request.host');
    return {
      method,
      uri: withoutQuery(host === undefined ? uri : `https://${host}${uri}`),
      status: clientGone ? undefined : status,
      clientGone,
      answeredBy: clientGone ? 'none' : 'registry',
      sentBytes: clientGone ? numberIn(field('copied')) : undefined,
      registryCode: field('err.code')?.toUpperCase().replaceAll(' ', '_'),
      userAgent: field('http.request.useragent'),
      elapsedMs: goDurationMs(field('http.response.duration')),
      words: field('err.detail') ?? field('err.message'),
    };
  },
};

/** What clients get to read, by the function of Gitea that refuses (routers/api/packages/api.go). */
const giteaAnswers: readonly (readonly [handler: RegExp, answer: string])[] = [
  [/reqPackageAccess$/, 'reqPackageAccess'],
  [/UserAssignmentWeb$/, 'Not found.'],
  [/BlobsUploads?$/, ''],
];

/** How a request ended. While it runs for more than three seconds, a line says that it is slow. */
const giteaRouter: LogFormat = {
  name: 'Gitea or Forgejo router log',
  example:
    '2026/11/28 22:00:00 HTTPRequest [I] router: completed PATCH /v2/team/app/blobs/uploads/1 for 10.0.0.9:0, 500 Internal Server Error in 60000.4ms @ container/container.go:355(container.PatchBlobsUpload)',
  read(line) {
    const pattern =
      /router: \w+ +(?<method>[A-Z]+) (?<uri>\S+) for \S+, (?:elapsed (?<still>\S+)|(?<status>\d{3})\b.*? in (?<took>\S+)|panic in (?<until>\S+)) @ \S+\((?<handler>[\w.]+)\)/;
    const { groups } = pattern.exec(line) ?? {};
    if (groups === undefined) return undefined;
    const { method = '', uri = '', still, status = '500', took, until, handler = '' } = groups;
    const request = { method, uri: withoutQuery(uri), elapsedMs: goDurationMs(still ?? took ?? until) };
    if (still !== undefined)
      return { ...request, answeredBy: 'none', harmless: 'the request is not over; another line says how it ended' };
    const [, answer] = giteaAnswers.find(([one]) => one.test(handler)) ?? [];
    const names = status === '401' && answer === 'reqPackageAccess' ? 'push_not_allowed' : undefined;
    return { ...request, status: numberIn(status), answeredBy: 'registry', answer, names };
  },
};

/** Why a request to the registry ended in 500: the line before that of the router, and all that tells of a client that went away. */
const giteaError: LogFormat = {
  name: 'Gitea or Forgejo error log',
  example:
    '2026/11/28 22:00:00 .../container/container.go:387:PatchBlobsUpload() [E] Package registry API internal error: 500 write /data/gitea/tmp/package-upload/1: no space left on device',
  read(line) {
    const pattern =
      /:(?<verb>[A-Z][a-z]+)?\w*\(\) \[E\] Package registry API internal error: (?<status>\d{3}) (?<words>.*)/;
    const { groups } = pattern.exec(line) ?? {};
    if (groups === undefined) return undefined;
    const { verb = '', status, words = '' } = groups;
    // Of a request that Gitea makes itself, to its store or database, they say nothing of the client.
    const isOwnRequest = /\bdial tcp\b|\b(?:Get|Put|Post|Head|Delete) "?https?:/.test(words);
    const clientGone =
      !isOwnRequest && /unexpected EOF|context canceled|connection reset by peer|i\/o timeout/.test(words);
    return {
      method: verb.toUpperCase(),
      uri: '',
      status: clientGone ? undefined : numberIn(status),
      clientGone,
      answeredBy: clientGone ? 'none' : 'registry',
      words,
    };
  },
};

/** What cloudflared says, and what Cloudflare then answers. */
const tunnelWords: readonly (readonly [RegExp, Said])[] = [
  [/context canceled|canceled by remote/, { answeredBy: 'none', clientGone: true }],
  [/timeout awaiting response headers|i\/o timeout/, { status: 504, answeredBy: 'cloudflare' }],
  [
    /Unable to reach the origin|connection refused|no such host|unexpected EOF|connection reset|EOF/,
    { status: 502, answeredBy: 'cloudflare' },
  ],
];

const cloudflared: LogFormat = {
  name: 'Cloudflare tunnel (cloudflared) log',
  example:
    '2026-11-28T22:00:00Z ERR  error="Unable to reach the origin service. The service may be down or it may not be responding to traffic from cloudflared: dial tcp 10.0.0.5:5000: connect: connection refused" connIndex=0 dest=https://git.example.org/v2/team/app/blobs/uploads/1 type=http',
  read(line) {
    const [, words] = /\bERR\b.*?\berror="((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
    if (words === undefined || !/connIndex=|dest=|originService=|cfRay=/.test(line)) return undefined;
    const [, said] = tunnelWords.find(([pattern]) => pattern.test(words)) ?? [];
    const uri = /\bdest=(\S+)/.exec(line)?.[1] ?? '';
    return said === undefined ? undefined : { method: '', uri: withoutQuery(uri), words, ...said };
  },
};

/** `1m2.5s`, `12.3ms`: Go's durations in milliseconds. */
function goDurationMs(duration: string | undefined): number | undefined {
  const unitsMs: Readonly<Record<string, number>> = {
    h: 3_600_000,
    m: 60_000,
    s: 1_000,
    ms: 1,
    µs: 1e-3,
    us: 1e-3,
    ns: 1e-6,
  };
  const parts = [...(duration ?? '').matchAll(/([\d.]+)(ms|µs|us|ns|h|m|s)/g)];
  return parts.length === 0
    ? undefined
    : parts.reduce((sum, [, value, unit = '']) => sum + Number(value) * (unitsMs[unit] ?? 0), 0);
}

/** Logs of errors and of registries; the first that can read a line is right. */
export const errorFormats: readonly LogFormat[] = [nginxError, distribution, giteaRouter, giteaError, cloudflared];
