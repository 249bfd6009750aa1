import type { Exchange, HttpRequest, HttpResponse } from '../../src/network/exchange.ts';
import {
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
} from '../../src/registry/registry-client.ts';
import { exchangeOf } from './exchanges.ts';
import { pathTo } from './paths.ts';

/** What comes of one request: an answer, an exchange with more facts than that, or an error that is thrown. */
export type Scripted = HttpResponse | Partial<Exchange> | Error;

/** A client of `https://registry.example.org`, repository `a/b`, whose requests get `answers` in turn; and what it sent. Nothing is connected. */
export function scriptedClient(
  answers: readonly Scripted[],
  changes: Partial<RegistryClientOptions> = {},
): { readonly client: RegistryClient; readonly sent: readonly HttpRequest[] } {
  const sent: HttpRequest[] = [];
  const exchange = async (request: HttpRequest): Promise<Exchange> => {
    const next = answers[sent.length];
    sent.push(request);
    if (next === undefined || next instanceof Error) throw next ?? new Error(`no answer to ${request.method}`);
    const { method, url, headers: requestHeaders, redirectedFrom } = request;
    return exchangeOf({
      method,
      url,
      requestHeaders,
      redirectedFrom,
      ...('status' in next ? { response: next } : next),
    });
  };
  const client = createRegistryClient({
    path: pathTo('https://registry.example.org'),
    repository: 'a/b',
    transport: { exchange },
    authorizer: { authorization: () => Promise.resolve(undefined), challenged: () => Promise.resolve(false) },
    requestHeaders: {},
    signal: new AbortController().signal,
    ...changes,
  });
  return { client, sent };
}

/** `METHOD path?query` of each request; the whole URL where it goes to another host. */
export function lines(sent: readonly HttpRequest[]): string[] {
  return sent.map(({ method, url }) => `${method} ${url.href.replace(/^https:\/\/registry\.example\.org(?=\/)/, '')}`);
}
