import { type Exchange, header } from '../network/exchange.ts';
import { isAllowedHost } from '../network/hosts.ts';
import { parseUrl, WrittenUrl } from '../network/parse-url.ts';
import type { NetworkPath } from '../network/path.ts';
import { ProtocolError } from './errors.ts';
import { isObject, parseJson } from './json.ts';
import type { RegistryClient } from './registry-client.ts';

/**
 * GET /v2/_catalog?n=: names of repositories, one page, the first `n`. It is not in the OCI specification but in the Docker
 * Registry API before it; hosted registries leave it out. Throws ProtocolError for anything but a list.
 */
export async function listRepositories(client: RegistryClient, n: number): Promise<readonly string[]> {
  const exchange = await client.send({
    step: 'pull',
    method: 'GET',
    url: new WrittenUrl(`/v2/_catalog?n=${n}`, client.path.origin),
    actions: [],
    accepted: [200],
  });
  return namesOf(exchange, 'repositories');
}

/** Tags of a repository as far as they were read. */
interface TagList {
  readonly tags: readonly string[];
  readonly pages: number;
  /** false: there were more pages than were to be read. */
  readonly complete: boolean;
}

/**
 * GET /v2/NAME/tags/list, page after page as the Link headers say, at most `maxPages` of about `pageSize` tags (distribution
 * specification, end-8a and end-8b). Throws ProtocolError for an answer that is no list, a link that leaves the path, and one
 * that leads back to a page that was read.
 */
export async function listTags(
  client: RegistryClient,
  { pageSize, maxPages }: { readonly pageSize: number; readonly maxPages: number },
): Promise<TagList> {
  const tags: string[] = [];
  const read = new Set<string>();
  let next: URL | undefined = client.url(`tags/list?n=${pageSize}`);
  while (next !== undefined && read.size < maxPages) {
    const url: URL = next;
    read.add(url.href);
    const exchange = await client.send({ step: 'pull', method: 'GET', url, actions: ['pull'], accepted: [200] });
    tags.push(...namesOf(exchange, 'tags'));
    next = nextPage(client.path, exchange);
    if (next !== undefined && read.has(next.href)) {
      const message = 'Link to the next page leads back to one before';
      throw new ProtocolError({ step: 'pull', problem: 'list_unparsable', exchange, message });
    }
  }
  return { tags, pages: read.size, complete: next === undefined };
}

/** The names under `key` of an answer. Throws ProtocolError for anything but a list. */
function namesOf(exchange: Exchange, key: 'repositories' | 'tags'): readonly string[] {
  const names = readNames(exchange.response?.body, key);
  if (names !== undefined) return names;
  const message = `the answer is no list of ${key}`;
  throw new ProtocolError({ step: 'pull', problem: 'list_unparsable', exchange, message });
}

/** The strings under `key` of a JSON object; undefined when the body is something else. `null`, as Go writes an empty list, is one. */
export function readNames(body: Uint8Array | undefined, key: string): readonly string[] | undefined {
  const parsed = parseJson(body ?? '');
  if (!isObject(parsed) || !(key in parsed)) return undefined;
  const names = parsed[key] ?? [];
  return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined;
}

/**
 * Where the next page of a list is: the `rel="next"` of the Link header (RFC 8288; distribution specification, end-8b), resolved
 * against the URL that was asked. undefined: this was the last page. Throws ProtocolError when the link is no http(s) URL, a
 * downgrade from https to http, or on a host that the path does not allow.
 */
export function nextPage(path: NetworkPath, exchange: Exchange): URL | undefined {
  const target = nextTarget(header(exchange, 'link'));
  if (target === undefined) return undefined;
  const facts = { step: 'pull', exchange } as const;
  const url = parseUrl(target, exchange.url);
  if (url === undefined) {
    const message = 'Link to the next page is not a URL';
    throw new ProtocolError({ ...facts, problem: 'location_unparsable', message });
  }
  if (exchange.url.protocol === 'https:' && url.protocol === 'http:') {
    const message = `Link to the next page leads from https to http://${url.host}`;
    throw new ProtocolError({ ...facts, problem: 'location_downgrade', message });
  }
  if (url.username !== '' || url.password !== '' || !isAllowedHost(path, url)) {
    const message = `Link to the next page leads to ${url.host}, which path ${path.name} does not allow`;
    throw new ProtocolError({ ...facts, problem: 'location_foreign', message });
  }
  return url;
}

/** The target of the first link with rel=next, as registries write it; longer headers than 4 KiB are not looked at. */
function nextTarget(value: string | undefined): string | undefined {
  if (value === undefined || value.length > 4_096) return undefined;
  for (const [, target, parameters = ''] of value.matchAll(/<([^<>]*)>([^<>]*)/g))
    if (/;\s*rel\s*=\s*"?(?:[\w-]+ )*next\b/i.test(parameters)) return target;
  return undefined;
}
