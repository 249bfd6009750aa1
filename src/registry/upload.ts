import { type Exchange, header, type RequestBody } from '../network/exchange.ts';
import { ProtocolError, type Step } from './errors.ts';
import { nextLocation, withDigest } from './location.ts';
import { acknowledgedBytes, type RangeReading, readUploadRange } from './range.ts';
import type { RegistryClient } from './registry-client.ts';

/** An open upload session. `location` moves on with each answer; the latest one must be used next (specification, 1.2). */
export interface UploadSession {
  location: URL;
  /** What the registry said it holds, after the last answer that said anything. */
  acknowledgedBytes: number | undefined;
  /** `OCI-Chunk-Min-Length`, when announced. */
  readonly chunkMinBytes: number | undefined;
}

const none: RequestBody = { kind: 'bytes', bytes: new Uint8Array() };
const octets = { 'content-type': 'application/octet-stream' } as const;

/**
 * Opens a session: POST, answered 202 with a Location. `mount`: asks first whether the registry has this digest anywhere, as
 * regctl does; a 202 is a session like any other, and a 201 gives undefined: the blob is there already.
 */
export async function startUpload(
  client: RegistryClient,
  headers: Readonly<Record<string, string>>,
  mount?: string,
): Promise<UploadSession | undefined> {
  const url = client.url('blobs/uploads/');
  url.search = mount === undefined ? '' : `?mount=${encodeURIComponent(mount)}`;
  const exchange = await client.send({
    step: 'start',
    method: 'POST',
    url,
    headers,
    body: none,
    actions: ['pull', 'push'],
    accepted: mount === undefined ? [202] : [202, 201],
    sentOnce: mount !== undefined,
  });
  if (exchange.response?.status === 201) return undefined;
  const minimum = Number(header(exchange, 'oci-chunk-min-length'));
  return {
    location: nextLocation(client, exchange, 'start'),
    acknowledgedBytes: undefined,
    chunkMinBytes: Number.isSafeInteger(minimum) && minimum > 0 ? minimum : undefined,
  };
}

/**
 * Sends bytes by PATCH and notes what the registry acknowledges. A 202 proves nothing: the Range must be compared with what
 * was sent. `strictRange`: fail, as docker does, when the Range cannot be read.
 */
export async function sendPatch(
  client: RegistryClient,
  session: UploadSession,
  body: RequestBody,
  options: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly strictRange: boolean;
    readonly resendBody?: boolean;
    readonly refusalForgives?: boolean;
  },
): Promise<Exchange> {
  const exchange = await client.send({
    step: 'send',
    method: 'PATCH',
    url: session.location,
    headers: options.headers ?? octets,
    body,
    actions: ['pull', 'push'],
    // ECR answers 201 to a PATCH (aws/containers-roadmap#2831); the Go clients take 201 and 204 as well.
    accepted: [202, 201, 204],
    resendBody: options.resendBody ?? false,
    refusalForgives: options.refusalForgives,
  });
  const reading = readUploadRange(header(exchange, 'range'));
  session.acknowledgedBytes = acknowledgedBytes(reading, exchange.sentBytes);
  if (options.strictRange) refuseUnreadable(reading, exchange);
  session.location =
    header(exchange, 'location') === undefined ? session.location : nextLocation(client, exchange, 'send');
  return exchange;
}

function refuseUnreadable(reading: RangeReading, exchange: Exchange): void {
  const facts = { step: 'send', exchange } as const;
  if (reading.kind === 'absent')
    throw new ProtocolError({ ...facts, problem: 'range_missing', message: 'PATCH was accepted without Range' });
  if (reading.kind !== 'range') {
    const message = `PATCH was accepted with Range ${String(header(exchange, 'range')).slice(0, 40)}`;
    throw new ProtocolError({ ...facts, problem: 'range_unparsable', message });
  }
}

/** Closes a session with an empty PUT: the registry hashes and stores. Answered 201. */
export async function commitUpload(
  client: RegistryClient,
  session: UploadSession,
  digest: string,
  headers: Readonly<Record<string, string>>,
): Promise<Exchange> {
  return client.send({
    step: 'commit',
    method: 'PUT',
    url: withDigest(session.location, digest),
    headers,
    body: none,
    actions: ['pull', 'push'],
    accepted: [201, 204],
  });
}

/** Sends all bytes in the closing PUT. */
export async function putWhole(
  client: RegistryClient,
  session: UploadSession,
  digest: string,
  body: RequestBody,
  { resendBody, namesRegistry }: { readonly resendBody: boolean; readonly namesRegistry?: boolean },
): Promise<Exchange> {
  const { host } = new URL(client.path.origin);
  const url = withDigest(session.location, digest);
  if (namesRegistry && url.host !== host) url.search += `&ns=${encodeURIComponent(host)}`;
  return client.send({
    step: 'send',
    method: 'PUT',
    url,
    headers: octets,
    body,
    actions: ['pull', 'push'],
    accepted: [201, 200, 202, 204],
    resendBody,
  });
}

/** Opens, sends and closes in one POST with the digest. 202 means the registry does not do that and opened a session instead. */
export async function postWhole(client: RegistryClient, digest: string, body: RequestBody): Promise<Exchange> {
  return client.send({
    step: 'send',
    method: 'POST',
    url: withDigest(client.url('blobs/uploads/'), digest),
    headers: octets,
    body,
    actions: ['pull', 'push'],
    accepted: [201, 202],
    resendBody: true,
  });
}

/** Bytes the registry holds of an open session (GET, 204), or undefined when it does not say. */
export async function uploadStatus(client: RegistryClient, session: UploadSession): Promise<number | undefined> {
  const exchange = await askForStatus(client, session, 'cleanup', [204, 200]);
  return acknowledgedBytes(readUploadRange(header(exchange, 'range')), Number.NaN);
}

/** GET of an open session. Throws ProtocolError when the status is none of the accepted ones. */
export function askForStatus(
  client: RegistryClient,
  session: UploadSession,
  step: Step,
  accepted: readonly number[],
): Promise<Exchange> {
  return client.send({ step, method: 'GET', url: session.location, actions: ['pull', 'push'], accepted });
}
