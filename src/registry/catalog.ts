import { WrittenUrl } from '../network/parse-url.ts';
import { ProtocolError } from './errors.ts';
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
  const names = readNames(exchange.response?.body, 'repositories');
  if (names === undefined) {
    const message = 'the answer is no list of repositories';
    throw new ProtocolError({ step: 'pull', problem: 'list_unparsable', exchange, message });
  }
  return names;
}

/** The strings under `key` of a JSON object; undefined when the body is something else. `null`, as Go writes an empty list, is one. */
export function readNames(body: Uint8Array | undefined, key: string): readonly string[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(body ?? new Uint8Array()).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || !(key in parsed)) return undefined;
  const names = (parsed as Record<string, unknown>)[key] ?? [];
  return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined;
}
