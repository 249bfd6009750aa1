import { type ClientRequest, type IncomingMessage, type RequestOptions, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import type { BodySource, FaultStations, HeaderRecord, ProxyCall } from './faults/behaviour.ts';
import { type EdgeIdentity, styleOf } from './proxy-styles.ts';

interface ForwardRoute {
  readonly upstream: URL;
  readonly identity: EdgeIdentity;
  readonly upstreamCa: string | undefined;
  readonly faults: readonly FaultStations[];
}

/** Headers that speak of one connection only (RFC 9110 §7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Takes one exchange through the faults to the upstream and back. */
export async function forward(call: ProxyCall, route: ForwardRoute): Promise<void> {
  for (const fault of route.faults) {
    await fault.before?.();
    if (call.answered) return;
  }
  let body: BodySource = { stream: call.request, length: lengthOf(call.request) };
  for (const fault of route.faults) {
    if (fault.requestBody) body = await fault.requestBody(body);
    if (call.answered || call.response.destroyed) return;
  }
  const headers = requestHeaders(call, route, body);
  for (const fault of route.faults) fault.requestHeaders?.(headers);
  if (call.request.headers.expect?.toLowerCase() === '100-continue') call.response.writeContinue();
  sendUpstream(call, route, headers, body.stream);
}

function sendUpstream(call: ProxyCall, route: ForwardRoute, headers: HeaderRecord, body: Readable): void {
  const startedAtMs = performance.now();
  const upstream = openUpstream(call, route, headers);
  call.onEnd(() => upstream.destroy());
  upstream.on('error', (error: NodeJS.ErrnoException) => {
    // After the response an error only says that the upstream did not want the rest of the body.
    if (call.response.headersSent) return;
    const kind = error.code === 'ECONNREFUSED' ? 'refused' : 'broken';
    call.answer({
      status: route.identity.upstreamStatus?.[kind] ?? styleOf(route.identity.style).upstreamStatus[kind],
      ending: call.request.complete ? 'keep-alive' : 'linger',
    });
  });
  upstream.on('response', (response) => passBack(call, route, response, performance.now() - startedAtMs));
  upstream.on('finish', () => {
    for (const fault of route.faults) fault.requestSent?.();
  });
  upstream.on('close', () => {
    body.unpipe(upstream);
    body.resume();
  });
  body.pipe(upstream);
}

function openUpstream(call: ProxyCall, route: ForwardRoute, headers: HeaderRecord): ClientRequest {
  const options: RequestOptions = {
    host: route.upstream.hostname,
    port: route.upstream.port,
    method: call.request.method ?? 'GET',
    path: call.request.url ?? '/',
    headers,
    // A new connection for each request: nothing of one exchange can show in another.
    agent: false,
    setHost: false,
  };
  if (route.upstream.protocol === 'http:') return httpRequest(options);
  const { upstreamCa } = route;
  const trust = upstreamCa === undefined ? { rejectUnauthorized: false } : { ca: upstreamCa };
  return httpsRequest({ ...options, ...trust });
}

function passBack(call: ProxyCall, route: ForwardRoute, upstream: IncomingMessage, upstreamMs: number): void {
  if (call.answered || call.response.destroyed) return upstream.destroy() && undefined;
  const headers = recordOf(upstream.rawHeaders);
  for (const [name, value] of Object.entries(styleOf(route.identity.style).passed?.(upstreamMs) ?? {}))
    headers[name] = value;
  headers['connection'] = 'keep-alive';
  for (const fault of route.faults) fault.responseHeaders?.(headers);
  let stream: Readable = upstream;
  for (const fault of route.faults) stream = fault.responseBody?.(stream) ?? stream;
  const { response } = call;
  response.writeHead(upstream.statusCode ?? 502, upstream.statusMessage ?? '', headers);
  // A response that breaks off upstream must break off here too, never look complete.
  upstream.on('error', () => call.answer({ status: 502, ending: 'reset' }));
  stream.pipe(response);
  response.once('finish', () => {
    for (const fault of route.faults) fault.after?.();
  });
}

function requestHeaders(call: ProxyCall, route: ForwardRoute, body: BodySource): HeaderRecord {
  const headers = recordOf(call.request.rawHeaders);
  delete headers['content-length'];
  delete headers['expect'];
  if (body.length === 'chunked') headers['transfer-encoding'] = 'chunked';
  else if (body.length !== 'none') headers['content-length'] = String(body.length);
  const { socket } = call.request;
  const previous = call.request.headers['x-forwarded-for'];
  headers['x-forwarded-for'] = [previous, socket.remoteAddress].filter((part) => part !== undefined).join(', ');
  if (route.identity.forwardsScheme !== false) {
    // The outermost proxy knows the client's scheme; those behind it pass it on.
    headers['x-forwarded-proto'] ??= 'encrypted' in socket ? 'https' : 'http';
    headers['x-forwarded-host'] ??= call.request.headers.host ?? '';
  }
  return Object.assign(headers, styleOf(route.identity.style).sent?.(socket.remoteAddress ?? ''));
}

function lengthOf(request: IncomingMessage): BodySource['length'] {
  if (request.headers['transfer-encoding'] !== undefined) return 'chunked';
  const declared = request.headers['content-length'];
  return declared === undefined ? 'none' : Number(declared);
}

/** Raw headers as a record with names in lower case, hop-by-hop ones left out, repeated ones kept. */
function recordOf(rawHeaders: readonly string[]): HeaderRecord {
  const record: HeaderRecord = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    if (hopByHop.has(name)) continue;
    const known = record[name];
    record[name] = known === undefined ? value : [...[known].flat(), value];
  }
  return record;
}
