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

/** What stands in the URL cannot be meant; answered 400 with the message. */
class BadQuery extends Error {
  readonly statusCode = 400;
}

/** `?name`, `?name=true` and `?name=1` are true, `false` and `0` are not, nor is what is not there. Throws for anything else. */
export function queryFlag(request: FastifyRequest, name: string): boolean {
  const text = queryText(request, name) ?? 'false';
  if (['', 'true', '1'].includes(text)) return true;
  if (['false', '0'].includes(text)) return false;
  throw new BadQuery(`${name}: expected true or false, got ${JSON.stringify(text)}`);
}

/** A whole number of at least `least`, and `most` where it is larger; undefined: not there. Throws for anything else. */
export function queryNumber(
  request: FastifyRequest,
  name: string,
  { least, most }: { readonly least: number; readonly most: number },
): number | undefined {
  const text = queryText(request, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return Math.min(value, most);
  throw new BadQuery(`${name}: expected a whole number of at least ${least}, got ${JSON.stringify(text)}`);
}
