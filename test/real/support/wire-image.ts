import type { RecordedRequest } from './recording-proxy.ts';

/** What is compared of a request between two clients: everything but what must differ, such as digests and identifiers. */
export interface WireImage {
  readonly request: string;
  readonly body: string;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** Bodies from this size on are the payload, and their exact size counts; smaller ones are documents that each client words itself. */
export const payloadBytes = 1024 * 1024;

/** Headers left out of every comparison: `host` names the proxy, and `docs/clients.md` says why `connection` differs. */
const leftOut = new Set(['host', 'connection']);

export function wireImage(request: RecordedRequest): WireImage {
  return {
    request: `${request.method} ${normalTarget(request.target)}`,
    body: bodyOf(request),
    status: request.status,
    headers: Object.fromEntries(
      request.headers
        .map(([name, value]): [string, string] => [name.toLowerCase(), value])
        .filter(([name]) => !leftOut.has(name))
        .map(([name, value]): [string, string] => [name, normalValue(name, value)])
        .toSorted(([a], [b]) => a.localeCompare(b)),
    ),
  };
}

/** `32768×256 2697`: sizes of the chunks in order, equal neighbours together. */
function chunkRuns(chunkBytes: readonly number[]): string {
  const runs: [size: number, count: number][] = [];
  for (const size of chunkBytes) {
    const last = runs.at(-1);
    if (last?.[0] === size) last[1] += 1;
    else runs.push([size, 1]);
  }
  return runs.map(([size, count]) => (count > 1 ? `${size}×${count}` : String(size))).join(' ');
}

/** Time from the answer to a request that failed to the next one of that kind: what the client waited. */
export function waitsAfter(
  requests: readonly RecordedRequest[],
  failed: (request: RecordedRequest) => boolean,
): number[] {
  return requests.flatMap((request, index) => {
    const next = requests[index + 1];
    return failed(request) && next !== undefined ? [(next.startMs - (request.answeredMs ?? Number.NaN)) / 1000] : [];
  });
}

function normalTarget(target: string): string {
  const url = new URL(target, 'http://proxy.invalid');
  const path = url.pathname
    .replace(/sha256:[0-9a-f]{64}/g, '<digest>')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>')
    .replace(/\/manifests\/.*/, '/manifests/<tag>');
  const query = [...url.searchParams]
    .map(([name, value]) => {
      if (name === '_state') return '_state=<state>';
      if (name === 'digest') return 'digest=<digest>';
      return `${name}=${value}`;
    })
    .toSorted();
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}

function bodyOf({ framing, bodyBytes, chunkBytes, complete }: RecordedRequest): string {
  if (!complete) return `${framing}, not to its end`;
  if (bodyBytes < payloadBytes) return framing;
  return framing === 'chunked' ? `chunked ${bodyBytes}: ${chunkRuns(chunkBytes)}` : `${framing} ${bodyBytes}`;
}

function normalValue(name: string, value: string): string {
  switch (name) {
    case 'authorization':
      return value.replace(/ .*/, ' <credentials>');
    case 'user-agent':
      return productNames(value);
    case 'content-length':
      return Number(value) > 0 && Number(value) < payloadBytes ? '<length>' : value;
    default:
      return value;
  }
}

/** The products of a User-Agent without versions and comments: `docker go git-commit kernel os arch UpstreamClient`. */
export function productNames(userAgent: string): string {
  let text = userAgent;
  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replace(/\\[()]/g, '').replace(/\([^()]*\)/g, '');
  }
  return text
    .split(/\s+/)
    .map((product) => product.split('/')[0] ?? '')
    .filter((product) => product !== '')
    .join(' ');
}
