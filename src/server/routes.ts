import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SafeHtml } from '../publish/html.ts';

/** What a route answers; `html` is sent as a page, text as plain text. */
export type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

export type Method = 'GET' | 'POST' | 'PUT';

/** Registers one route, and 405 with `Allow` for the other methods of its URL. GET answers HEAD too. `schema` writes its JSON. */
export function route(
  app: FastifyInstance,
  methods: readonly Method[],
  url: string,
  handler: Handler,
  schema: { readonly response?: Readonly<Record<string, object>> } = {},
): void {
  app.route({ method: [...methods], url, handler, schema });
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  app.route({
    method: others.filter((method) => !(methods as readonly string[]).includes(method)),
    url,
    handler: async (request, reply) =>
      reply
        .code(405)
        .header('allow', allow)
        .type('text/plain; charset=utf-8')
        .send(`${request.method} is not allowed here\n`),
  });
}

/** Sends a page. */
export function sendHtml(reply: FastifyReply, page: SafeHtml): FastifyReply {
  return reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(page.toString());
}

/** Sends one line of plain text. */
export function sendText(reply: FastifyReply, status: number, line: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(`${line}\n`);
}

/** A query parameter; of several with this name the first. */
export function queryText(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Record<string, string | string[] | undefined>)[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Query parameters by their names; those that are not there are undefined. */
export function queryTexts<Name extends string>(
  request: FastifyRequest,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  return Object.fromEntries(names.map((name) => [name, queryText(request, name)])) as Partial<Record<Name, string>>;
}

/** `?name`, `?name=true` and `?name=1` are true. */
export function queryFlag(request: FastifyRequest, name: string): boolean {
  return ['', 'true', '1'].includes(queryText(request, name) ?? 'false');
}

/** A whole number from 1 to `most`; anything else is `most`. */
export function queryNumber(request: FastifyRequest, name: string, most: number): number {
  const value = Number(queryText(request, name));
  return Number.isInteger(value) && value >= 1 ? Math.min(value, most) : most;
}

/** `?page=N`; 1 when it is no such number. */
export function queryPage(request: FastifyRequest): number {
  const value = Number(queryText(request, 'page'));
  return Number.isSafeInteger(value) && value >= 1 ? value : 1;
}

/** A whole number from 0 to `most`; undefined when it is no such number, or not there. */
export function queryCount(request: FastifyRequest, name: string, most: number): number | undefined {
  const text = queryText(request, name);
  return text !== undefined && /^\d{1,9}$/.test(text) ? Math.min(Number(text), most) : undefined;
}
