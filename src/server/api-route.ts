import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Operation } from '../publish/api/openapi.ts';
import { type Handler, type Method, route } from './routes.ts';

/** Registers an operation of the API. Fastify writes its answers by the schemas that the OpenAPI document publishes. */
export function apiRoute(app: FastifyInstance, { method, path, answers }: Operation, handler: Handler): void {
  const response = Object.fromEntries(Object.entries(answers).map(([status, name]) => [status, { $ref: `${name}#` }]));
  const url = path.replaceAll(/\{(\w+)\}/g, ':$1');
  route(app, [method.toUpperCase() as Method], url, handler, { response });
}

/** Sends an object; fastify writes it by the route's schema. */
export function sendJson(reply: FastifyReply, status: number, value: object): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').header('cache-control', 'no-store').send(value);
}

/** Sends why it was refused or failed, in one line. */
export function sendError(reply: FastifyReply, status: number, error: string): FastifyReply {
  return sendJson(reply, status, { error });
}
