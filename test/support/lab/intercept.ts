import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { RegistryCall } from '../../../src/lab/oci/call.ts';
import { type BlobBody, spoilBlob } from './blob-body.ts';
import type { LoggedRequest } from './request-log.ts';

/** A scripted answer to one request, in place of the registry's own. */
export type Reaction =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | string[]>>;
      readonly body?: string;
      readonly delayMs?: number;
      /** How much of the request's body is read before; default: all of it. The rest is discarded after the answer. */
      readonly readBytes?: number;
    }
  /** Reads so many bytes of the body (default 0), then ends the connection by RST or FIN without an answer. */
  | { readonly kind: 'reset' | 'close'; readonly readBytes?: number }
  /** Reads so many bytes of the body (default 0), then neither reads nor answers; reset after `holdMs`, default 60 s. */
  | { readonly kind: 'stall'; readonly readBytes?: number; readonly holdMs?: number }
  /** The registry answers itself, later or with other headers (`undefined` removes one). */
  | {
      readonly kind: 'pass';
      readonly delayMs?: number;
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string | undefined>>;
      readonly blobBody?: BlobBody;
    };

export type Intercept = (request: LoggedRequest) => Reaction | undefined;

/** Carries the reaction out. true: the request is dealt with; false: the registry goes on with it. */
export async function react(call: RegistryCall, reaction: Reaction, reset: () => void): Promise<boolean> {
  if (reaction.kind === 'pass') {
    if (reaction.delayMs !== undefined) await delay(reaction.delayMs);
    rewriteHead(call.response, reaction.status, reaction.headers ?? {});
    if (reaction.blobBody !== undefined) spoilBlob(call, reaction.blobBody);
    return false;
  }
  await readUpTo(call, reaction.readBytes ?? (reaction.kind === 'answer' ? Number.POSITIVE_INFINITY : 0));
  const { socket } = call.request;
  if (reaction.kind === 'stall') {
    await held(socket, reaction.holdMs ?? 60_000);
    reset();
  } else if (reaction.kind === 'reset') {
    reset();
  } else if (reaction.kind === 'close') {
    // FIN first; what still comes is read, since a close with unread bytes would be a RST.
    socket.end();
    call.request.resume();
    await held(socket, 1000);
    socket.destroy();
  } else if (reaction.kind === 'answer') {
    if (reaction.delayMs !== undefined) await delay(reaction.delayMs);
    const body = Buffer.from(reaction.body ?? '');
    call.response.writeHead(reaction.status, { 'Content-Length': String(body.length), ...reaction.headers });
    call.response.end(call.request.method === 'HEAD' ? undefined : body);
  }
  return true;
}

function held(socket: Socket, holdMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, holdMs);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Reads at least `bytes` of the body, then leaves it paused. */
function readUpTo(call: RegistryCall, bytes: number): Promise<void> {
  const { request } = call;
  if (bytes <= 0) return Promise.resolve();
  if (request.headers.expect?.toLowerCase() === '100-continue') call.response.writeContinue();
  return new Promise((resolve) => {
    let seen = 0;
    function done(): void {
      request.pause();
      request.off('data', onData);
      request.off('end', done);
      request.off('close', done);
      resolve();
    }
    function onData(chunk: Buffer): void {
      seen += chunk.length;
      if (seen >= bytes) done();
    }
    request.on('data', onData);
    request.on('end', done);
    request.on('close', done);
  });
}

function rewriteHead(
  response: ServerResponse,
  status: number | undefined,
  changes: Readonly<Record<string, string | undefined>>,
): void {
  const writeHead = response.writeHead.bind(response) as (
    status: number,
    headers?: Record<string, string | string[]>,
  ) => ServerResponse;
  response.writeHead = ((own: number, headers: Record<string, string | string[]> = {}) => {
    const names = new Map(Object.keys(headers).map((name) => [name.toLowerCase(), name]));
    const all = { ...headers };
    for (const [name, value] of Object.entries(changes)) {
      delete all[names.get(name.toLowerCase()) ?? name];
      response.removeHeader(name);
      if (value !== undefined) all[name] = value;
    }
    return writeHead(status ?? own, all);
  }) as typeof response.writeHead;
}
