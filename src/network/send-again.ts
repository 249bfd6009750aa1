import type { Exchange, HttpRequest, NetworkError, SentAgain } from './exchange.ts';
import { notProcessed } from './http2-session.ts';

/** Go's Request.isReplayable: what may be asked twice without harm. */
const replayable = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const idempotencyKey = /^(?:x-)?idempotency-key$/i;
/** What the other side's end of a connection looks like. */
const endedByPeer = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT']);
/** A write of no more than this is taken whole by an idle socket, or not at all (Linux begins with 16 KiB, tcp_wmem). */
const oneWriteBytes = 8 * 1024;

/**
 * Why Go's net/http sends this request once more, unseen by the client built on it; undefined: it does not. In HTTP/2: the server
 * did not look at it. In HTTP/1.1: a kept connection was closed before anything of the request was written, or before the first
 * byte of an answer to what may be asked twice (transport.go, shouldRetryRequest). A body that has begun to go out and cannot be
 * read again never goes out twice, and a connection that was opened for the request gets no second chance.
 */
export function whySendAgain(request: HttpRequest, exchange: Exchange): SentAgain | undefined {
  const { error, socketReused, connection } = exchange;
  if (error === undefined) return undefined;
  const isAtHand = request.body?.kind !== 'stream' || request.body.sizeBytes === 0 || request.resendBody === true;
  if (error.code === notProcessed) return isAtHand ? 'not_processed' : undefined;
  if (request.signal.aborted || error.timer !== undefined || !endedByPeer.has(error.code)) return undefined;
  if (hasNotBegun(exchange)) return 'kept_connection_closed';
  if (!isAtHand || !socketReused || connection?.httpVersion !== '1.1' || hasBegunToAnswer(exchange)) return undefined;
  return isReplayable(request) || isUnwritten(request, exchange, error) ? 'kept_connection_closed' : undefined;
}

/** The kept connection ended before the request's turn came. Go, which reads all the time, would not have taken that connection. */
function hasNotBegun({ sendMs, opening }: Exchange): boolean {
  return sendMs === undefined && opening === undefined;
}

function hasBegunToAnswer({ response, answerHead }: Exchange): boolean {
  return response !== undefined || answerHead?.beginning !== undefined || (answerHead?.informational ?? 0) > 0;
}

function isReplayable({ method, headers }: HttpRequest): boolean {
  return replayable.has(method) || Object.keys(headers).some((name) => idempotencyKey.test(name));
}

/** The only write of the request failed. Of a body that streams it is not known which write that was. */
function isUnwritten({ body }: HttpRequest, exchange: Exchange, { cause }: NetworkError): boolean {
  const isOneWrite = body?.kind === 'stream' ? exchange.offeredBytes === 0 : exchange.plannedBytes <= oneWriteBytes;
  return isOneWrite && cause instanceof Error && 'syscall' in cause && cause.syscall === 'write';
}
