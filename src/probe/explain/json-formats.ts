import { isObject, parseJson } from '../../registry/json.ts';
import { ofEnvoyLine } from './flagged-formats.ts';
import {
  base,
  bodyBytes,
  clientClosed,
  type LogFormat,
  numberIn,
  ofNginx,
  ofProxies,
  traefikBytes,
} from './log-line.ts';

type Fields = Readonly<Record<string, unknown>>;

const traefikJson: LogFormat = {
  name: 'Traefik access log in JSON',
  example:
    '{"DownstreamStatus":413,"Duration":51000000,"OriginStatus":0,"RequestContentSize":0,"RequestMethod":"PATCH","RequestPath":"/v2/team/app/blobs/uploads/1"}',
  read: ofJson((fields) => {
    if (typeof fields['DownstreamStatus'] !== 'number') return undefined;
    const { DownstreamStatus: status, OriginStatus: origin, RequestMethod: method, RequestPath: uri } = fields;
    const agent = fields['request_User-Agent'];
    // Traefik counts what it says itself of a server as the server's answer.
    const isText = traefikBytes.get(amount(origin)) === amount(fields['OriginContentSize']);
    const own = origin === undefined || origin === 0 || origin === clientClosed || isText;
    return {
      ...base({ method: said(method), uri: said(uri), status: String(status), agent: said(agent) }),
      answeredBy: own ? 'traefik' : 'other',
      sentBytes: amount(fields['RequestContentSize']),
      elapsedMs: (amount(fields['Duration']) ?? 0) / 1e6,
    };
  }),
};

/** What Istio and Envoy Gateway write, and those who copy the names of Envoy's documentation. */
const envoyJson: LogFormat = {
  name: 'Envoy access log in JSON',
  example:
    '{"method":"PATCH","path":"/v2/team/app/blobs/uploads/1","response_code":504,"response_flags":"UT","bytes_received":104857600,"duration":15001,"upstream_service_time":null,"user_agent":"docker/29.7.2"}',
  read: ofJson((fields) => {
    const status = said(fields['response_code']);
    if (status === undefined) return undefined;
    return ofEnvoyLine({
      method: said(fields['method'] ?? fields[':method']),
      uri: said(fields['path'] ?? fields['x-envoy-origin-path'] ?? fields[':path']),
      status,
      flags: said(fields['response_flags']) || '-',
      // Where the field is not logged, nobody knows whether the upstream answered.
      service: 'upstream_service_time' in fields ? (said(fields['upstream_service_time']) ?? '-') : undefined,
      sent: said(fields['bytes_received']),
      ms: said(fields['duration']),
      agent: said(fields['user_agent'] ?? fields['user-agent']),
    });
  }),
};

/** Caddy's own answers are not passed on: what is has a `Via` (since 2.9), or the server's own `Server`. */
const caddy: LogFormat = {
  name: 'Caddy access or error log',
  example:
    '{"level":"error","logger":"http.log.access","msg":"handled request","request":{"method":"PATCH","host":"git.example.org","uri":"/v2/team/app/blobs/uploads/1","headers":{"User-Agent":["docker/29.7.2"]}},"bytes_read":1048576,"duration":0.52,"size":0,"status":502,"resp_headers":{"Server":["Caddy"]}}',
  read: ofJson((fields) => {
    const request = objectIn(fields['request']);
    const headers = objectIn(fields['resp_headers']);
    const status = said(fields['status']);
    if (status === undefined || request['uri'] === undefined) return undefined;
    const words = said(fields['msg']) === 'handled request' ? undefined : said(fields['msg']);
    const isPassedOn = headers['Via'] !== undefined || (firstOf(headers['Server']) ?? 'Caddy') !== 'Caddy';
    const own = words !== undefined || (!isPassedOn && ofProxies.has(Number(status)));
    const agent = firstOf(objectIn(request['headers'])['User-Agent']);
    const read = base({ method: said(request['method']), uri: said(request['uri']), status, agent });
    return {
      ...read,
      answeredBy: read.clientGone ? 'none' : own ? 'caddy' : 'other',
      sentBytes: amount(fields['bytes_read']),
      elapsedMs: Math.round((amount(fields['duration']) ?? 0) * 1_000),
      words,
    };
  }),
};

/** Variables of nginx that other programs have no such names for. */
const nginxNames = ['body_bytes_sent', 'request_length', 'request_time', 'upstream_status', 'http_user_agent'] as const;

/** nginx writes JSON by a `log_format` of the operator's own; these are the names of its variables. */
const nginxJson: LogFormat = {
  name: "access log in JSON, taken for nginx's",
  example:
    '{"remote_addr":"10.0.0.9","request":"PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1","status":413,"body_bytes_sent":176,"request_length":1048800,"request_time":0.412,"upstream_status":"","http_user_agent":"docker/29.7.2"}',
  read: ofJson((fields) => {
    const status = said(fields['status']);
    if (status === undefined || !/^\d{3}$/.test(status)) return undefined;
    const [, firstMethod, firstUri] = /^([A-Z]+) (\S+)/.exec(said(fields['request']) ?? '') ?? [];
    const method = said(fields['request_method'] ?? fields['method']) ?? firstMethod;
    const uri = said(fields['request_uri'] ?? fields['uri'] ?? fields['path']) ?? firstUri;
    if (method === undefined || uri === undefined) return undefined;
    const agent = said(fields['http_user_agent'] ?? fields['user_agent']);
    const read = ofNginx({
      method,
      uri,
      status,
      agent,
      bytes: said(fields['body_bytes_sent'] ?? fields['bytes_sent']),
    });
    const upstream = said(fields['upstream_status']);
    const isPassedOn = upstream !== undefined && /^\d{3}$/.test(upstream) && !['502', '504'].includes(upstream);
    const own = !isPassedOn && ofProxies.has(read.status ?? 0) && nginxNames.some((name) => name in fields);
    return {
      ...read,
      answeredBy: read.clientGone ? 'none' : own ? 'nginx' : 'other',
      sentBytes: bodyBytes(numberIn(said(fields['request_length']))),
      elapsedMs: Math.round((numberIn(said(fields['request_time'])) ?? 0) * 1_000),
    };
  }),
};

/** Reads a line that is an object of JSON; no other is of the format. */
function ofJson(read: (fields: Fields) => ReturnType<LogFormat['read']>): LogFormat['read'] {
  return (line) => {
    const fields = line.startsWith('{') ? parseJson(line) : undefined;
    return isObject(fields) ? read(fields) : undefined;
  };
}

/** Without fields where it is none. */
function objectIn(value: unknown): Fields {
  return isObject(value) ? value : {};
}

function firstOf(value: unknown): string | undefined {
  return said(Array.isArray(value) ? value[0] : value);
}

function amount(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Text or a number as text; numbers stand in quotes with some. */
function said(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** The more particular come first. */
export const jsonFormats: readonly LogFormat[] = [traefikJson, envoyJson, caddy, nginxJson];
