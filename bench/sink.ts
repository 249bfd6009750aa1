import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * A registry in a process of its own that takes every blob, counts its bytes and throws them away, so that what is measured
 * is the sender. Prints the port it listens on.
 */
const sizes = new Map<string, number>();
let sessions = 0;

function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string | number>> = {},
): void {
  response.writeHead(status, { 'docker-distribution-api-version': 'registry/2.0', 'content-length': 0, ...headers });
  response.end();
}

function discard(request: IncomingMessage, done: (bytes: number) => void): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => done(bytes));
}

function handle(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://sink');
  const session = url.pathname.split('/').at(-1) ?? '';
  const digest = url.searchParams.get('digest');
  discard(request, (bytes) => {
    const total = (sizes.get(session) ?? 0) + bytes;
    if (request.method === 'POST') {
      sessions += 1;
      answer(response, 202, { location: `${url.pathname}session-${sessions}`, range: '0-0' });
    } else if (request.method === 'PATCH') {
      sizes.set(session, total);
      answer(response, 202, { location: url.pathname, range: `0-${total - 1}` });
    } else if (request.method === 'PUT' && digest !== null) {
      sizes.delete(session);
      sizes.set(digest, total);
      answer(response, 201, { location: `/blobs/${digest}`, 'docker-content-digest': digest });
    } else if (request.method === 'HEAD' && sizes.has(session)) {
      answer(response, 200, { 'content-length': sizes.get(session) ?? 0, 'docker-content-digest': session });
    } else if (request.method === 'DELETE' && sizes.delete(session)) {
      answer(response, 202);
    } else {
      answer(response, url.pathname === '/v2/' ? 200 : 404);
    }
  });
}

const server = createServer({ requestTimeout: 0 }, handle);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
process.once('disconnect', () => process.exit());
