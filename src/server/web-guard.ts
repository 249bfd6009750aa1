import { performance } from 'node:perf_hooks';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServerLog } from './deps.ts';
import { type PasswordCheck, TooManyLogins } from './password-check.ts';
import { sendText } from './routes.ts';
import type { WebConfig, WebConfigSource } from './web-config.ts';

/** Before a request: the reply when it was refused, undefined when it may go on. */
export type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/**
 * Rate limit, headers and Basic authentication, in exporter-toolkit's order. Everything but the rate limit is read anew for
 * each request. Throws when the file is wrong at the start.
 */
export function createGuard(source: WebConfigSource, passwords: PasswordCheck, log: ServerLog): Guard {
  const { rateLimit } = source();
  const allow = rateLimit === undefined ? () => true : createTokenBucket(rateLimit, () => performance.now());
  return async (request, reply) => {
    let config: WebConfig;
    try {
      config = source();
    } catch (error) {
      log.error({ err: error }, 'web configuration file is wrong; requests are refused');
      return sendText(reply, 500, 'Internal Server Error');
    }
    if (!allow()) return sendText(reply, 429, 'Too Many Requests');
    reply.headers(config.headers);
    if (config.users.size > 0) return authenticate(config, passwords, request, reply);
    return undefined;
  };
}

async function authenticate(
  config: WebConfig,
  passwords: PasswordCheck,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const login = basicLogin(request.headers.authorization);
  try {
    if (login !== undefined && (await passwords.verify(config.users, login.user, login.password))) return undefined;
  } catch (error) {
    if (error instanceof TooManyLogins)
      return sendText(reply.header('retry-after', '1'), 503, 'too many logins are being checked');
    throw error;
  }
  return sendText(reply.header('www-authenticate', 'Basic'), 401, 'Unauthorized');
}

/** Reads `Authorization: Basic …` (RFC 7617); undefined when it is anything else. */
function basicLogin(header: string | undefined): { user: string; password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Go's `rate.Limiter` as exporter-toolkit uses it: one token each `intervalMs`, `burst` of them at most, full at first. */
export function createTokenBucket(
  limit: { readonly intervalMs: number; readonly burst: number },
  nowMs: () => number,
): () => boolean {
  let tokens = limit.burst;
  let lastMs = nowMs();
  return () => {
    const now = nowMs();
    tokens = Math.min(limit.burst, tokens + (now - lastMs) / limit.intervalMs);
    lastMs = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
