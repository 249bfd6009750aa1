import { readNames } from './catalog.ts';
import { ProtocolError } from './errors.ts';
import { nextPage } from './page-link.ts';
import type { RegistryClient } from './registry-client.ts';

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
    const names = readNames(exchange.response?.body, 'tags');
    if (names === undefined) {
      const message = 'the answer is no list of tags';
      throw new ProtocolError({ step: 'pull', problem: 'list_unparsable', exchange, message });
    }
    tags.push(...names);
    next = nextPage(client.path, exchange);
    if (next !== undefined && read.has(next.href)) {
      const message = 'Link to the next page leads back to one before';
      throw new ProtocolError({ step: 'pull', problem: 'list_unparsable', exchange, message });
    }
  }
  return { tags, pages: read.size, complete: next === undefined };
}
