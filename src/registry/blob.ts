import { WrittenUrl } from '../network/parse-url.ts';
import { header } from '../network/exchange.ts';
import { ProtocolError } from './errors.ts';
import type { RegistryClient } from './registry-client.ts';

/**
 * GET /v2/: how docker, crane and skopeo learn which authentication the registry wants. They ask without credentials and once:
 * a challenge is the answer, and the token that it leads to is the one for the push.
 */
export async function ping(client: RegistryClient): Promise<void> {
  await client.send({
    step: 'auth',
    method: 'GET',
    url: new WrittenUrl('/v2/', client.path.origin),
    actions: ['pull', 'push'],
    accepted: [200],
    asksForChallenge: true,
  });
}

/** HEAD of a blob: whether the registry has it. `explains`: a 403 is asked for its text by GET, which changes nothing. */
export async function blobExists(
  client: RegistryClient,
  digest: string,
  headers: Readonly<Record<string, string>>,
  explains = false,
): Promise<boolean> {
  const request = { step: 'start', url: client.url(`blobs/${digest}`), headers, actions: ['pull', 'push'] } as const;
  const accepted = [200, 404];
  const exchange = await client.send({
    ...request,
    method: 'HEAD',
    accepted: explains ? [...accepted, 403] : accepted,
  });
  // The answer to the GET is the refusal, with its text.
  if (exchange.response?.status === 403) await client.send({ ...request, method: 'GET', accepted: [], sentOnce: true });
  return exchange.response?.status === 200;
}

/**
 * HEAD after the commit, as docker does: 200 with the Content-Length that was pushed and, where the registry names one, the
 * digest that was pushed. Throws ProtocolError otherwise (`length_missing` is cloudflare/cloudflared#500).
 */
export async function verifyBlob(client: RegistryClient, digest: string, sizeBytes: number): Promise<void> {
  const exchange = await client.send({
    step: 'verify',
    method: 'HEAD',
    url: client.url(`blobs/${digest}`),
    actions: ['pull', 'push'],
    accepted: [200],
  });
  const length = header(exchange, 'content-length');
  const named = header(exchange, 'docker-content-digest');
  const facts = { step: 'verify', exchange } as const;
  if (length === undefined)
    throw new ProtocolError({ ...facts, problem: 'length_missing', message: 'HEAD of the blob has no Content-Length' });
  if (length !== String(sizeBytes)) {
    const message = `HEAD of the blob says ${length.slice(0, 20)} bytes, pushed were ${sizeBytes}`;
    throw new ProtocolError({ ...facts, problem: 'length_wrong', message });
  }
  if (named !== undefined && named !== digest)
    throw new ProtocolError({ ...facts, problem: 'digest_differs', message: 'HEAD of the blob names another digest' });
}
