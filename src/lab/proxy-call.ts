import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ProxyAnswer, ProxyCall } from './faults/behaviour.ts';
import { type Page, pageOf } from './pages.ts';
import { type ProxyStyle, styleOf } from './proxy-styles.ts';

/** The exchange object that the faults of an edge work on. */
export function createProxyCall(facts: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly style: ProxyStyle;
  readonly lingerMs: number;
  readonly reset: () => void;
  /** Told the status of an answer of the proxy's own. */
  readonly onAnswer: ((status: number) => void) | undefined;
}): ProxyCall {
  const { request, response } = facts;
  const callbacks: (() => void)[] = [];
  let ended = false;
  let answered = false;
  function end(): void {
    if (ended) return;
    ended = true;
    for (const callback of callbacks.splice(0)) callback();
  }
  response.once('close', end);
  request.on('error', () => undefined);
  return {
    request,
    response,
    get answered() {
      return answered;
    },
    onEnd(callback) {
      if (ended) callback();
      else callbacks.push(callback);
    },
    answer(answer) {
      if (answered || response.destroyed) return;
      answered = true;
      // The stages of the request are torn down first, so that nothing but the discarding below reads the body.
      end();
      request.unpipe();
      if (response.headersSent || answer.ending === 'reset') return facts.reset();
      facts.onAnswer?.(answer.status);
      send(facts, answer, (answer.page ?? pageOf)(facts.style, answer.status));
    },
  };
}

/** Envoy's `delayed_close_timeout`. */
const delayedCloseMs = 1_000;

function send(
  facts: { request: IncomingMessage; response: ServerResponse; style: ProxyStyle; lingerMs: number; reset: () => void },
  answer: ProxyAnswer,
  page: Page,
): void {
  const { request, response } = facts;
  // HAProxy dates nothing that it makes up itself.
  response.sendDate = facts.style !== 'haproxy';
  const keeps = answer.ending === 'keep-alive';
  const silent = keeps && !styleOf(facts.style).saysKeepAlive;
  const headers = {
    ...(facts.style === 'haproxy' ? {} : { Date: new Date().toUTCString() }),
    ...page.headers,
    ...answer.headers,
    'Content-Length': String(Buffer.byteLength(page.body)),
    ...(silent ? {} : { Connection: keeps ? 'keep-alive' : 'close' }),
  };
  const body = request.method === 'HEAD' ? '' : page.body;
  if (keeps) {
    // Node says keep-alive unless the header is taken off.
    if (silent) response.removeHeader('Connection');
    response.writeHead(answer.status, page.reason, headers).end(body);
    request.resume();
    return;
  }
  // Node would close the connection as soon as the answer is written. A real proxy half-closes and goes on reading, or
  // resets; so the answer is written to the socket itself.
  const { socket } = request;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `HTTP/1.1 ${answer.status} ${page.reason}\r\n${lines.join('')}\r\n${body}`;
  if (answer.ending === 'reset-after-reply') {
    socket.write(text, () => setImmediate(facts.reset));
    return;
  }
  if (answer.ending === 'close-later') {
    request.pause();
    socket.write(text);
    const timer = setTimeout(() => socket.destroy(), delayedCloseMs);
    socket.once('close', () => clearTimeout(timer));
    return;
  }
  socket.end(text);
  request.resume();
  const timer = setTimeout(() => socket.destroy(), facts.lingerMs);
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
}
