import { hashSync } from 'bcryptjs';
import { describe, expect, test } from 'vitest';
import { buildServer } from '../../src/server/server.ts';
import { createTokenBucket } from '../../src/server/web-guard.ts';
import type { WebConfig } from '../../src/server/web-config.ts';
import { memoryLog, serverDeps } from '../support/server-fixtures.ts';

const open: WebConfig = { headers: {}, users: new Map() };
const users = new Map([
  ['alice', hashSync('right', 4)],
  // Made by htpasswd, as exporter-toolkit's documentation has it: $2y$.
  ['carol', '$2y$10$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu'],
]);

function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

describe('Basic authentication', () => {
  test.each<[string, Record<string, string>, number]>([
    ['nobody', {}, 401],
    ['the right password', basic('alice', 'right'), 200],
    ['a wrong password', basic('alice', 'wrong'), 401],
    ['an unknown user', basic('mallory', 'right'), 401],
    ['the password of a file from htpasswd', basic('carol', 'wrong'), 401],
    ['a name of Object.prototype', basic('__proto__', 'x'), 401],
    ['no colon', { authorization: `Basic ${Buffer.from('alice').toString('base64')}` }, 401],
    ['another scheme', { authorization: 'Bearer right' }, 401],
    ['lower case', { authorization: basic('alice', 'right')['authorization']!.replace('Basic', 'basic') }, 200],
  ])('%s', async (_name, headers, status) => {
    const app = buildServer(serverDeps({ webConfig: () => ({ ...open, users }) }));
    try {
      for (const url of ['/metrics', '/-/healthy', '/']) {
        const answer = await app.inject({ url, headers });
        expect([url, answer.statusCode]).toEqual([url, status]);
        expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Basic' : undefined);
      }
      expect((await app.inject({ url: '/nothing', headers })).statusCode).toBe(status === 200 ? 404 : status);
    } finally {
      await app.close();
    }
  });

  test('a password with a colon and other letters, hashed as $2y$', async () => {
    const secret = 'pass:wörd';
    const own = new Map([['bob', hashSync(secret, 4).replace('$2b$', '$2y$')]]);
    const app = buildServer(serverDeps({ webConfig: () => ({ ...open, users: own }) }));
    expect((await app.inject({ url: '/metrics', headers: basic('bob', secret) })).statusCode).toBe(200);
    expect((await app.inject({ url: '/metrics', headers: basic('bob', 'pass') })).statusCode).toBe(401);
    await app.close();
  });

  test('a changed password counts with the next request, also when the old one was right before', async () => {
    let hash = hashSync('old', 4);
    const app = buildServer(serverDeps({ webConfig: () => ({ ...open, users: new Map([['alice', hash]]) }) }));
    const status = async (password: string): Promise<number> =>
      (await app.inject({ url: '/metrics', headers: basic('alice', password) })).statusCode;
    expect([await status('old'), await status('old'), await status('new')]).toEqual([200, 200, 401]);
    hash = hashSync('new', 4);
    expect([await status('old'), await status('new')]).toEqual([401, 200]);
    await app.close();
  });

  test('many logins at once are all answered, and the event loop is not held up', async () => {
    const slow = new Map([['alice', hashSync('right', 6)]]);
    const app = buildServer(serverDeps({ webConfig: () => ({ ...open, users: slow }) }));
    await app.ready();
    const logins = Promise.all(
      Array.from({ length: 120 }, (_, index) => app.inject({ url: '/metrics', headers: basic('alice', `x${index}`) })),
    );
    // The 100 comparisons are half a second of computing, which must not happen on this thread: what needs none is answered before.
    const health = app.inject('/-/healthy');
    expect(await Promise.race([health.then(() => 'health'), logins.then(() => 'logins')])).toBe('health');
    const answers = await logins;
    const statuses = answers.map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 401)).toHaveLength(100);
    expect(statuses.filter((status) => status === 503)).toHaveLength(20);
    expect((await app.inject({ url: '/metrics', headers: basic('alice', 'right') })).statusCode).toBe(200);
    await app.close();
  });
});

test('configured headers win over our own, also on refusals', async () => {
  const headers = { 'X-Frame-Options': 'sameorigin', 'Strict-Transport-Security': 'max-age=1' };
  const app = buildServer(serverDeps({ webConfig: () => ({ ...open, users, headers }) }));
  const answer = await app.inject('/metrics');
  expect(answer.statusCode).toBe(401);
  expect(answer.headers).toMatchObject({
    'x-frame-options': 'sameorigin',
    'strict-transport-security': 'max-age=1',
    'x-content-type-options': 'nosniff',
  });
  await app.close();
});

test('a file that becomes wrong refuses requests and says why in the log only', async () => {
  const { lines, log } = memoryLog();
  let wrong = false;
  const webConfig = (): WebConfig => {
    if (wrong) throw new Error('web.yml:3:1: no');
    return open;
  };
  const app = buildServer(serverDeps({ log, webConfig }));
  expect((await app.inject('/metrics')).statusCode).toBe(200);
  wrong = true;
  const refused = await app.inject('/metrics');
  expect([refused.statusCode, refused.body]).toEqual([500, 'Internal Server Error\n']);
  expect(lines.map(({ message }) => message)).toEqual(['web configuration file is wrong; requests are refused']);
  expect(() => buildServer(serverDeps({ webConfig }))).toThrow('web.yml:3:1: no');
});

describe('rate limit', () => {
  test('answers 429 beyond the burst, before looking at passwords', async () => {
    const rateLimit = { intervalMs: 3_600_000, burst: 2 };
    const app = buildServer(serverDeps({ webConfig: () => ({ ...open, users, rateLimit }) }));
    const statuses = [];
    for (let request = 0; request < 3; request += 1) statuses.push((await app.inject('/metrics')).statusCode);
    expect(statuses).toEqual([401, 401, 429]);
    await app.close();
  });

  test('a token comes back each interval, never more than the burst', () => {
    let nowMs = 0;
    const allow = createTokenBucket({ intervalMs: 1000, burst: 2 }, () => nowMs);
    expect([allow(), allow(), allow()]).toEqual([true, true, false]);
    nowMs = 999;
    expect(allow()).toBe(false);
    nowMs = 1000;
    expect([allow(), allow()]).toEqual([true, false]);
    nowMs = 100_000;
    expect([allow(), allow(), allow()]).toEqual([true, true, false]);
  });

  test('a burst of 0 lets nothing through, as in Go', () => {
    let nowMs = 0;
    const allow = createTokenBucket({ intervalMs: 1, burst: 0 }, () => nowMs);
    nowMs = 1000;
    expect(allow()).toBe(false);
  });
});
