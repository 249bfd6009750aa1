import type { Socket } from 'node:net';
import { BodyReader, type RequestHead } from '../body-reader.ts';
import type { Injected, RequestTruth } from './protocol.ts';

export interface LateContext {
  readonly current: () => Injected;
  readonly note: (request: RequestTruth) => void;
}

/** Speaks just enough of a registry's protocol, each answer after its delay. */
export function answerLate(socket: Socket, { current, note }: LateContext): void {
  let headAtMs = 0;
  let readBytes = 0;
  const readRequest = (head: RequestHead, bodyBytes: number): void => {
    const wireBytes = readBytes;
    setTimeout(
      () => {
        const answeredAtMs = performance.now();
        socket.write(answerTo(head, bodyBytes));
        note({ ...head, bodyBytes, wireBytes, totalMs: answeredAtMs - headAtMs });
        readBytes = 0;
      },
      delayOf(head.method, current()),
    );
  };
  const reader = new BodyReader(readRequest, () => {
    headAtMs = performance.now();
  });
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    readBytes += bytes.byteLength;
    reader.take(bytes);
    holdBack(socket, readBytes, headAtMs, current().bytesPerSecond);
  });
}

/** Reads no further before its time has come, so that the body arrives at the rate, whatever the timers do. */
function holdBack(socket: Socket, readBytes: number, sinceMs: number, bytesPerSecond: number | undefined): void {
  if (bytesPerSecond === undefined) return;
  const earlyMs = sinceMs + (readBytes / bytesPerSecond) * 1000 - performance.now();
  if (earlyMs >= 1) {
    socket.pause();
    setTimeout(() => socket.resume(), earlyMs);
  }
}

function delayOf(method: string, injected: Injected): number {
  const delays: Readonly<Record<string, number>> = {
    GET: injected.authMs,
    POST: injected.startMs,
    PATCH: injected.waitMs,
    PUT: injected.commitMs,
  };
  return delays[method] ?? 0;
}

const sizes = new Map<string, number>();
let lastBytes = 0;

function answerTo({ method, target }: RequestHead, bodyBytes: number): string {
  const answer = (status: string, ...headers: string[]): string =>
    [`HTTP/1.1 ${status}`, 'Docker-Distribution-Api-Version: registry/2.0', ...headers, '', ''].join('\r\n');
  const empty = 'Content-Length: 0';
  const digest = /digest=([^&]*)/.exec(target)?.[1];
  switch (method) {
    case 'POST':
      return answer('202 Accepted', empty, 'Location: /v2/bench/blob/blobs/uploads/session', 'Range: 0-0');
    case 'PATCH':
      lastBytes = bodyBytes;
      return answer('202 Accepted', empty, `Location: ${target}`, `Range: 0-${bodyBytes - 1}`);
    case 'PUT':
      sizes.set(decodeURIComponent(digest ?? ''), lastBytes);
      return answer('201 Created', empty, `Location: ${target}`);
    case 'HEAD': {
      const size = sizes.get(decodeURIComponent(target.split('/').at(-1) ?? ''));
      return size === undefined ? answer('404 Not Found', empty) : answer('200 OK', `Content-Length: ${size}`);
    }
    case 'DELETE':
      sizes.delete(decodeURIComponent(target.split('/').at(-1) ?? ''));
      return answer('202 Accepted', empty);
    default:
      return answer('200 OK', empty);
  }
}
