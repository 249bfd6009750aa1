import { type Exchange, header } from '../network/exchange.ts';
import type { NetworkPath } from '../network/path.ts';
import { ProtocolError } from './errors.ts';
import { nextLocation, vettedLocation } from './location.ts';
import { keepsMethod, turnsToGet } from './redirect-rules.ts';
import type { RegistryRequest } from './registry-request.ts';

/**
 * The request that a client sends after this answer; undefined: the answer stands. As Go's net/http has it: GET and HEAD follow,
 * and so does what has no body, or one that can be read again, after 307 and 308. Where Go turns an upload into a GET (301 to 303),
 * nothing is sent here: that request uploads nothing, whatever comes of it.
 * Readers follow to hosts that only the answer names, as every client does, without credentials: registries keep their blobs in
 * S3 and the like, and a signed URL is its own. Uploads go to hosts that the path allows. Throws ProtocolError.
 */
export function redirected(
  path: NetworkPath,
  request: RegistryRequest,
  exchange: Exchange,
): RegistryRequest | undefined {
  const status = exchange.response?.status ?? 0;
  const { method, body } = request;
  const reads = method === 'GET' || method === 'HEAD';
  const resends = body === undefined || body.kind === 'bytes' || body.sizeBytes === 0 || request.resendBody === true;
  if (!(reads && turnsToGet.has(status)) && !(keepsMethod.has(status) && resends)) return undefined;
  // Without Location Go takes the answer as the last one.
  if ((header(exchange, 'location') ?? '') === '') return undefined;
  const url = reads ? vettedLocation(exchange, request.step) : nextLocation({ path }, exchange, request.step);
  const refusal = reads ? request.refusesRedirect?.(url, exchange.url) : undefined;
  if (refusal !== undefined) {
    const message = `the client does not follow a redirect ${refusal}`;
    throw new ProtocolError({ step: request.step, problem: 'location_refused_by_client', exchange, message });
  }
  return { ...request, url, redirectedFrom: exchange.url };
}

/** What Go adds when it follows (net/http, refererForURL); nothing on the way from https to http. */
export function refererHeader({ url, redirectedFrom: from }: Pick<RegistryRequest, 'url' | 'redirectedFrom'>): {
  readonly referer?: string;
} {
  if (from === undefined || (from.protocol === 'https:' && url.protocol === 'http:')) return {};
  // Go would show it; the query of an upload is a credential in effect, and so it goes nowhere else here.
  if (from.search !== '') return {};
  const shown = new URL(from);
  shown.username = '';
  shown.password = '';
  shown.hash = '';
  return { referer: shown.href };
}
