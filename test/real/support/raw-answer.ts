import { connect } from 'node:net';

/** An answer as it stood on the wire, and what became of the connection. */
export interface RawAnswer {
  readonly statusLine: string;
  /** Names in lower case; `date` and `content-length` are left out: they follow from the rest. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** `kept`: nothing happened within the time that was watched. */
  readonly ending: 'kept' | 'closed' | 'reset';
  /** From the answer's first byte, in milliseconds. */
  readonly endedAfterMs: number;
}

export interface RawRequest {
  readonly port: number;
  readonly method: 'GET' | 'PATCH' | 'HEAD';
  /** Declared length of a body of zeros; nothing: no body. */
  readonly bodyBytes?: number;
  /** How much of it is sent; the rest never comes. Default: all. */
  readonly sentBytes?: number;
  readonly watchMs?: number;
}

/** Sends one request over a new connection, with no help from an HTTP library, and watches what comes. Never rejects but for `connect`. */
export async function rawAnswer(request: RawRequest): Promise<RawAnswer> {
  const { port, method, bodyBytes, sentBytes = bodyBytes ?? 0, watchMs = 5_000 } = request;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  let firstMs: number | undefined;
  let endMs: number | undefined;
  const ended = new Promise<RawAnswer['ending']>((resolve) => {
    socket.on('data', (chunk) => {
      firstMs ??= performance.now();
      text += chunk.toString('latin1');
    });
    const watch = setTimeout(() => resolve('kept'), watchMs);
    socket.once('error', (error: NodeJS.ErrnoException) => {
      endMs ??= performance.now();
      resolve(error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'reset' : 'closed');
    });
    socket.once('end', () => {
      endMs = performance.now();
      clearTimeout(watch);
      // Whoever closes with bytes unread sends a RST after the FIN, a busy machine some time after.
      setTimeout(() => resolve('closed'), 1_000);
    });
  });
  const length = bodyBytes === undefined ? '' : `Content-Length: ${bodyBytes}\r\n`;
  socket.write(`${method} /v2/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${length}\r\n`);
  const piece = Buffer.alloc(64 * 1024);
  for (let sent = 0; sent < sentBytes && !socket.destroyed; sent += piece.length)
    socket.write(piece.subarray(0, Math.min(piece.length, sentBytes - sent)));
  const ending = await ended;
  socket.destroy();
  const endedMs = endMs ?? performance.now();
  return { ...parsed(text), ending, endedAfterMs: endedMs - (firstMs ?? endedMs) };
}

function parsed(text: string): Pick<RawAnswer, 'statusLine' | 'headers' | 'body'> {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const pairs = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const headers = Object.fromEntries(pairs.filter(([name]) => name !== 'date' && name !== 'content-length'));
  return { statusLine, headers, body: rest.join('\r\n\r\n') };
}
