import type { Socket } from 'node:net';
import { BodyReader, type RequestHead } from '../body-reader.ts';
import { KernelQueues } from './kernel-queues.ts';
import type { Injected, RequestTruth } from './protocol.ts';

export interface LateContext {
  readonly current: () => Injected;
  readonly note: (request: RequestTruth) => void;
}

/** The bytes that end a chunked body: the prober's clock of `send` stops when the last byte before them is out. */
const terminatorBytes = '\r\n0\r\n\r\n'.length;

/** Speaks just enough of a registry's protocol, each answer after its delay. */
export function answerLate(socket: Socket, { current, note }: LateContext, queues?: KernelQueues): void {
  let headAtMs = 0;
  let readBytes = 0;
  const readRequest = (head: RequestHead, bodyBytes: number): void => {
    queues?.stop();
    const wireBytes = readBytes;
    setTimeout(
      () => {
        const answeredAtMs = performance.now();
        socket.write(answerTo(head, bodyBytes));
        const acceptedAtMs = queues?.reachedAtMs(wireBytes - terminatorBytes);
        note({
          ...head,
          bodyBytes,
          totalMs: answeredAtMs - headAtMs,
          ...(acceptedAtMs === undefined ? {} : { waitMs: answeredAtMs - acceptedAtMs }),
        });
        readBytes = 0;
      },
      delayOf(head.method, current()),
    );
  };
  const reader = new BodyReader(readRequest, ({ method }) => {
    headAtMs = performance.now();
    if (method === 'PATCH') {
      queues?.start(() => readBytes);
    }
  });
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    readBytes += bytes.byteLength;
    reader.take(bytes);
    holdBack(socket, readBytes, headAtMs, current().bytesPerSecond);
  });
}

/** The same on a connection without TLS, where the kernel's queues tell how far the sender is. */
export function answerPlain(socket: Socket, context: LateContext): void {
  answerLate(socket, context, new KernelQueues(socket.localPort ?? 0, socket.remotePort ?? 0));
}

/** Reads no further before its time has come, so that the body arrives at the rate, whatever the timers do. */
function holdBack(socket: Socket, readBytes: number, sinceMs: number, bytesPerSecond: number | undefined): void {
  if (bytesPerSecond === undefined) {
    return;
  }
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
