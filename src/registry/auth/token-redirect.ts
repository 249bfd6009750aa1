import { type Exchange, header, type HttpRequest } from '../../network/exchange.ts';
import { keepsMethod, maxRequests, turnsToGet } from '../redirect-rules.ts';

/** A request to a token service. Its headers are those that it alone has. */
export type TokenRequest = Pick<HttpRequest, 'method' | 'url' | 'body'> & {
  readonly headers: Readonly<Record<string, string>>;
};

/**
 * Asks, and follows where the answers lead, ten requests in all, as Go's net/http does for all clients: after 301 to 303 by GET without a body, after
 * 307 and 308 as before. `vetted` says where a Location leads and throws where nothing may go. Resolves with the answer that stands.
 */
export async function followed(
  first: TokenRequest,
  send: (request: TokenRequest) => Promise<Exchange>,
  vetted: (answer: Exchange, location: string) => URL,
): Promise<Exchange> {
  let request = first;
  for (let count = 1; ; count += 1) {
    const exchange = await send(request);
    const status = exchange.response?.status ?? 0;
    const location = header(exchange, 'location') ?? '';
    const leads = location !== '' && (turnsToGet.has(status) || keepsMethod.has(status));
    if (!leads || count === maxRequests) return exchange;
    request = redirected(request, vetted(exchange, location), turnsToGet.has(status));
  }
}

function redirected({ method, url: from, headers, body }: TokenRequest, url: URL, asGet: boolean): TokenRequest {
  const kept = Object.entries(headers).filter(
    ([name]) => (name !== 'authorization' || isSameDomain(from, url)) && !(asGet && name === 'content-type'),
  );
  return { method: asGet ? 'GET' : method, url, headers: Object.fromEntries(kept), body: asGet ? undefined : body };
}

/** Where Go lets the Authorization header go along: to the host that it was meant for, on any port, and below it. */
function isSameDomain(from: URL, to: URL): boolean {
  return to.hostname === from.hostname || to.hostname.endsWith(`.${from.hostname}`);
}
