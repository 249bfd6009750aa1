/* oxlint-disable no-underscore-dangle --
   _handle is the one way to give an accepted socket a buffer of our own to read into. */
import { createServer, Socket, type SocketConstructorOpts } from 'node:net';
import { BodyReader } from './body-reader.ts';

/**
 * A registry in a process of its own that takes every blob and throws its bytes away, so that what is measured is the sender. It
 * reads no more than it must: heads are parsed by hand, bodies are skipped, and every read lands in the same buffer, without
 * which the allocations of the sink would be the limit. Prints the port it listens on.
 */
const readBytes = 1024 * 1024;
const sizes = new Map<string, number>();
let sessions = 0;

interface Answer {
  readonly status: string;
  readonly headers?: Readonly<Record<string, string | number>>;
}

function answerTo(method: string, url: URL, bodyBytes: number): Answer {
  const session = url.pathname.split('/').at(-1) ?? '';
  const digest = url.searchParams.get('digest');
  const total = (sizes.get(session) ?? 0) + bodyBytes;
  if (method === 'POST') {
    sessions += 1;
    return { status: '202 Accepted', headers: { location: `${url.pathname}session-${sessions}`, range: '0-0' } };
  }
  if (method === 'PATCH') {
    sizes.set(session, total);
    return { status: '202 Accepted', headers: { location: url.pathname, range: `0-${total - 1}` } };
  }
  if (method === 'PUT' && digest !== null) {
    sizes.delete(session);
    sizes.set(digest, total);
    return { status: '201 Created', headers: { location: `/blobs/${digest}`, 'docker-content-digest': digest } };
  }
  if (method === 'HEAD' && sizes.has(session)) {
    const length = sizes.get(session) ?? 0;
    return { status: '200 OK', headers: { 'content-length': length, 'docker-content-digest': session } };
  }
  if (method === 'DELETE' && sizes.delete(session)) return { status: '202 Accepted' };
  return { status: url.pathname === '/v2/' ? '200 OK' : '404 Not Found' };
}

function serve(accepted: Socket): void {
  const socket = withOwnBuffer(accepted, Buffer.alloc(readBytes), (bytes) => reader.take(bytes));
  const reader = new BodyReader(({ method, target }, bodyBytes) => {
    const { status, headers = {} } = answerTo(method, new URL(target, 'http://sink'), bodyBytes);
    const all = { 'docker-distribution-api-version': 'registry/2.0', 'content-length': 0, ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`);
  });
  socket.on('error', () => socket.destroy()).resume();
}

/** Node documents `onread` for sockets that connect; those that are accepted take it with their handle, which is not in the types. */
function withOwnBuffer(accepted: Socket, buffer: Buffer, onBytes: (bytes: Buffer) => void): Socket {
  const callback = (bytes: number): boolean => {
    onBytes(buffer.subarray(0, bytes));
    return true;
  };
  const options = { handle: (accepted as unknown as { _handle: unknown })._handle, onread: { buffer, callback } };
  return new Socket(options as SocketConstructorOpts);
}

const server = createServer({ pauseOnConnect: true, noDelay: true }, serve);
server.listen(0, process.argv[2], () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
process.once('disconnect', () => process.exit());
