import type { FastifyReply, FastifyRequest } from 'fastify';
import { layout, type PageFrame } from '../publish/page/layout.ts';
import { messagePage } from '../publish/page/message-page.ts';

const titles: Readonly<Record<number, string>> = {
  400: 'The request is wrong',
  401: 'Log in first',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not allowed here',
  500: 'blobprobe failed',
  503: 'Not available now',
};

/** One line of text that refuses or fails becomes a page for those who ask for pages; programs get the line. */
export function pageOf(request: FastifyRequest, reply: FastifyReply, payload: unknown, frame: PageFrame): unknown {
  const isLine = typeof payload === 'string' && String(reply.getHeader('content-type') ?? '').startsWith('text/plain');
  const wantsPage = (request.headers.accept ?? '').includes('text/html');
  if (reply.statusCode < 400 || !isLine || !wantsPage) return payload;
  reply.type('text/html; charset=utf-8').removeHeader('content-length');
  const line = payload.trim();
  const sentence = `${line.charAt(0).toUpperCase()}${line.slice(1)}.`;
  return layout(
    frame,
    messagePage(titles[reply.statusCode] ?? `Status ${reply.statusCode}`, sentence, frame),
  ).toString();
}
