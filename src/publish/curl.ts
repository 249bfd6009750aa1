import { bracketed, effectivePort } from '../network/hosts.ts';
import type { Check } from '../probe/check.ts';
import type { WireShape } from '../probe/clients/client-profile.ts';

/**
 * A shell script that pushes one blob of the check's first size the way its client does: same path, same framing. It
 * holds no credentials and no headers of the path's, whose values may be secret. A Location is taken to the letter: `[1-3]` and `{a,b}`
 * in it are no ranges, and other schemes than http and https are refused. Needs curl 7.84 or newer.
 */
export function reproduceWithCurl(check: Check): string {
  const bytes = check.workload.layerBytes[0] ?? 0;
  return [
    `origin=${quote(check.path.origin)}`,
    `uploads="$origin"/v2/${quote(check.registry.repository)}/blobs/uploads/`,
    `head -c ${bytes} /dev/urandom > blob`,
    'digest="sha256:$(sha256sum blob | cut -d" " -f1)"',
    `request() { curl -sS --globoff --proto =http,https -o answer -w ${quote('%{stderr}%{http_code} after %{time_total} s, %{size_upload} bytes sent\\n%{stdout}%header{location}')}${pathOptions(check)} -H 'Expect:' "$@"; cat answer >&2; }`,
    'absolute() { case $1 in http*) echo "$1";; *) echo "$origin$1";; esac; }',
    'with_digest() { case $1 in *\\?*) echo "$1&digest=$digest";; *) echo "$1?digest=$digest";; esac; }',
    ...stepsOf[check.client.shape],
    '',
  ].join('\n');
}

const start = `location=$(absolute "$(request -X POST -H 'Content-Length: 0' "$uploads")")`;
const octets = `-H 'Content-Type: application/octet-stream'`;
const commit = `request -X PUT -H 'Content-Length: 0' "$(with_digest "$location")"`;

const putAtOnce = [start, `request -X PUT ${octets} -T blob "$(with_digest "$location")"`];

const stepsOf: Readonly<Record<WireShape, readonly string[]>> = {
  'patch-streamed': [
    start,
    `location=$(absolute "$(request -X PATCH -H 'Transfer-Encoding: chunked' ${octets} -T blob "$location")")`,
    commit,
  ],
  'patch-length': [start, `location=$(absolute "$(request -X PATCH ${octets} -T blob "$location")")`, commit],
  'put-length': putAtOnce,
  'put-then-ranged': [...putAtOnce, '# when that fails, this client goes on with ranged PATCHes on the same session'],
  'patch-ranged': [
    start,
    '# as one chunk; this client cuts the blob into several',
    `location=$(absolute "$(request -X PATCH ${octets} -H "Content-Range: 0-$(($(wc -c < blob) - 1))" -T blob "$location")")`,
    commit,
  ],
  'post-length': [`request -X POST ${octets} -T blob "$(with_digest "$uploads")"`],
};

function pathOptions({ path, client }: Check): string {
  const url = new URL(path.origin);
  const options = [client.httpVersion === '1.1' ? '--http1.1' : '--http2'];
  if (path.connectTo !== undefined) {
    options.push(
      '--connect-to',
      quote(`${url.hostname}:${effectivePort(url)}:${bracketed(path.connectTo.host)}:${path.connectTo.port}`),
    );
  }
  if (path.family !== undefined) options.push(`-${path.family}`);
  if (path.localAddress !== undefined) options.push('--interface', quote(path.localAddress));
  if (path.proxy !== undefined) options.push('--proxy', quote(`http://${path.proxy.host}:${path.proxy.port}`));
  if (path.tls.caFile !== undefined) options.push('--cacert', quote(path.tls.caFile));
  if (path.tls.certFile !== undefined) options.push('--cert', quote(path.tls.certFile));
  if (path.tls.keyFile !== undefined) options.push('--key', quote(path.tls.keyFile));
  if (path.tls.insecure) options.push('--insecure');
  return options.map((option) => ` ${option}`).join('');
}

/** For a POSIX shell: nothing inside single quotes means anything. */
function quote(text: string): string {
  return /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}
