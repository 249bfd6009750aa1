import { foundLimit } from '../../support/limits.ts';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/network/secrets/secret.ts';
import type { Check } from '../../../src/probe/check.ts';
import { History } from '../../../src/publish/history.ts';
import type { LiveRun } from '../../../src/publish/live-run.ts';
import type { ServerDeps } from '../../../src/server/deps.ts';
import { buildServer } from '../../../src/server/server.ts';
import { attempt, check, failedRun, failure, requestRecord, successfulRun } from '../../support/run-fixtures.ts';
import { serverDeps } from '../../support/server-fixtures.ts';

const hostile = `<script>alert(1)</script>"'&<img src=x onerror=alert(1)>\u0000\u001b[2J\u202e`;

/** Two paths, one of them failing, with history. */
function probing(changes: Partial<ServerDeps> = {}): { deps: ServerDeps; failedId: string } {
  const history = new History();
  const edge = check({ path: 'edge', origin: 'https://git.example.org' });
  history.add(successfulRun());
  history.add(successfulRun());
  const failed = failedRun({ check: edge });
  history.add(failed);
  const checks = [check(), edge, check({ path: 'edge', workload: 'small', sizeBytes: 1024 ** 2 })];
  return { deps: serverDeps({ history, checks: () => checks, ...changes }), failedId: failed.id };
}

async function page(deps: ServerDeps, url: string): Promise<string> {
  const answer = await buildServer(deps).inject({ url });
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
  return answer.body;
}

describe('status page', () => {
  test('shows the matrix with state, throughput, attempts and age, and leads from a failure to its run', async () => {
    const { deps, failedId } = probing();
    const body = await page({ ...deps, now: () => new Date('2026-11-24T00:01:51.500Z') }, '/');
    const text = visibleText(body);
    expect(text).toContain('gitea 1 of 3 checks fails, over the path edge. 1 of 3 checks');
    expect(text).toContain('✓ docker 128 MiB/s, 500 ms 1 m 51 s ago');
    expect(text).toContain('✕ docker the body is refused for its size body_too_large, 5 attempts 1 m ago');
    expect(text).toContain('– docker no run yet');
    expect(text).toContain('not checked');
    expect(body).toContain(`<a href="/runs/${failedId}">`);
    expect(text).toContain(
      'One cause of failing pushes edge : Nginx refuses bodies above its size limit Set client_max_body_size 0;',
    );
    expect(text).toContain('; no success is remembered.');
    expect(body).toContain('aria-label="Duration of the last 2 runs"');
  });

  test('renews without JavaScript, and with it from its own script only', async () => {
    const body = await page(probing().deps, '/');
    expect(body).toContain('<noscript><meta http-equiv="refresh" content="30"></noscript>');
    expect([...body.matchAll(/<script[^>]*>/g)].map(([tag]) => tag)).toEqual(['<script src="/app.js" defer>']);
    expect(body).not.toMatch(/ (?:style|on\w+)=/);
    expect(body.match(/(?:src|href)="(?!\/)[^"#]*"/g)).toBeNull();
  });

  test('says what is not as it should be', async () => {
    const waiting = probing({ readiness: () => ({ ready: false, reason: 'schedule not running' }) });
    expect(visibleText(await page(waiting.deps, '/'))).toContain('Not ready: schedule not running');
    const failed = probing({ notices: () => ['The last reload failed: line 3'] });
    expect(visibleText(await page(failed.deps, '/'))).toContain('The last reload failed: line 3');
    expect(visibleText(await page(serverDeps(), '/'))).toContain('No checks are configured.');
  });

  test('green is for what is known to work: not for what failed, had no run, or none of late', async () => {
    const history = new History();
    history.add(successfulRun());
    const colour = async (changes: Partial<ServerDeps>): Promise<string | undefined> =>
      /<p class="verdict (\w*)">/.exec(
        await page(serverDeps({ history, checks: () => [check()], ...changes }), '/'),
      )?.[1];
    expect(await colour({ now: () => new Date('2026-11-24T00:01:00Z') })).toBe('ok');
    expect(await colour({ now: () => new Date('2026-11-25T00:01:00Z') })).toBe('');
    const two = [check(), check({ path: 'edge', origin: 'https://git.example.org' })];
    expect(await colour({ checks: () => two, now: () => new Date('2026-11-24T00:01:00Z') })).toBe('');
    history.add(failedRun({ check: two[1]! }));
    expect(await colour({ checks: () => two, now: () => new Date('2026-11-24T00:01:00Z') })).toBe('failed');
  });

  test('shows verdicts with remedy, and limits of paths', async () => {
    const { deps } = probing({
      verdicts: () => [{ registry: 'gitea', sentence: 'The edge cuts bodies.', remedy: 'Raise the limit.' }],
      limits: () => [
        foundLimit({ largestAccepted: 10 * 1024 ** 2, smallestRejected: 11 * 1024 ** 2, rejection: failure() }),
      ],
    });
    const text = visibleText(await page(deps, '/'));
    expect(text).toContain('What the last round says The edge cuts bodies.');
    expect(text).toContain('docker: accepts 10 MiB (10m), rejects 11 MiB (11m)');
  });

  test('shows what each path has of the API', async () => {
    const up = { up: true } as const;
    const down = { up: false, failure: failure({ reason: 'origin_unreachable' }) } as const;
    const { deps } = probing({
      apis: () => [
        { registry: 'gitea', path: 'direct', endpoints: { ping: up, auth: up, catalog: up, tags: up } },
        { registry: 'gitea', path: 'edge', endpoints: { ping: up, auth: up, catalog: down, tags: down } },
        { registry: 'harbor', path: 'edge', endpoints: { ping: down, auth: down, catalog: down, tags: down } },
      ],
    });
    const text = visibleText(await page(deps, '/'));
    expect(text).toContain('direct API up: ping, auth, catalog, tags ');
    expect(text).toContain('edge API up: ping, auth API down: catalog, tags (origin_unreachable) ');
    expect(text).not.toContain('API down: ping');
    expect(visibleText(await page(probing().deps, '/'))).not.toContain('catalog');
  });

  test('each cause has a card, whatever the number of paths and clients it strikes: what to do, since when, the failing run', async () => {
    const history = new History();
    const checks = ['a', 'b'].map((path) => check({ path, origin: 'https://git.example.org' }));
    const minute = (at: number): Date => new Date(Date.UTC(2026, 10, 24, 0, at));
    checks.forEach((each) => {
      history.add(successfulRun({ id: `good-${each.path.name}`, check: each, startedAt: minute(1) }));
      history.add(failedRun({ id: `first-${each.path.name}`, check: each, startedAt: minute(4) }));
      history.add(failedRun({ id: `last-${each.path.name}`, check: each, startedAt: minute(9) }));
    });
    const body = await page(serverDeps({ history, checks: () => checks }), '/');
    expect(body.match(/<article class="cause /g)).toHaveLength(1);
    const text = visibleText(body);
    expect(text).toContain('a and b : Nginx refuses bodies above its size limit');
    expect(text).toContain(
      'Look at: ingress. Pushes of large as docker have failed for 6 m; the last one that succeeded began 9 m ago.',
    );
    expect(body).toMatch(/<a href="\/runs\/last-[ab]">The newest failing run<\/a>/);
    expect(body).toContain('<code>client_max_body_size 0;</code>');
  });

  test('says when the next run of a column is due, where that is known', async () => {
    const { deps } = probing({ dueInMs: ({ workload }) => (workload === 'large' ? 42_000 : undefined) });
    const text = visibleText(await page(deps, '/'));
    expect(text).toContain('large 50 MiB every 1 m, next in 42 s');
    expect(text).toMatch(/small 1 MiB every 1 m(?!,)/);
    const due = probing({ dueInMs: () => 999 });
    expect(visibleText(await page(due.deps, '/'))).toContain('large 50 MiB every 1 m, next now');
  });

  test('runs can be started from it, where that is not switched off', async () => {
    const start = (): { kind: 'started'; id: string; run: Promise<never> } => ({
      kind: 'started',
      id: 'x y',
      run: new Promise(() => {}),
    });
    const { deps } = probing({ onDemand: { start } });
    const action = '/run?registry=gitea&amp;path=edge&amp;client=docker&amp;workload=large';
    expect(await page(deps, '/')).toContain(`action="${action}"`);
    expect(await page({ ...deps, disabled: new Set(['run']) }, '/')).not.toContain('<form');
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' };
    const url = action.replaceAll('&amp;', '&');
    const answer = await buildServer(deps).inject({ method: 'POST', url, headers });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/runs/x%20y']);
    const foreign = await buildServer(deps).inject({
      method: 'POST',
      url,
      headers: { ...headers, 'sec-fetch-site': 'cross-site' },
    });
    expect(foreign.statusCode).toBe(403);
  });

  test('what is not there, and what is refused, is a page for people and a line for programs', async () => {
    const app = buildServer(serverDeps());
    const asPage = await app.inject({ url: '/nowhere', headers: { accept: 'text/html' } });
    expect([asPage.statusCode, asPage.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(visibleText(asPage.body)).toContain('Not found There is nothing here.');
    const asLine = await app.inject('/nowhere');
    expect([asLine.statusCode, asLine.body]).toEqual([404, 'there is nothing here\n']);
  });

  test('says when waits between attempts are not those of the real clients, and only then', async () => {
    const words = 'Some of these checks wait less between attempts than the real clients do';
    const real = serverDeps({ checks: () => [check()] });
    expect(visibleText(await page(real, '/'))).not.toContain(words);
    const scaled = serverDeps({ checks: () => [check(), { ...check({ path: 'edge' }), retryWaitScale: 0.5 }] });
    expect(visibleText(await page(scaled, '/'))).toContain(words);
  });

  test('lists the newest failures first', async () => {
    const history = new History();
    for (const [id, minute] of [
      ['older', 1],
      ['newer', 2],
    ] as const)
      history.add(failedRun({ id, startedAt: new Date(Date.UTC(2026, 10, 24, 0, minute)) }));
    const body = await page(serverDeps({ history, checks: () => [check()] }), '/');
    const list = body.slice(body.indexOf('Newest failures'));
    expect(list.indexOf('/runs/newer')).toBeGreaterThan(0);
    expect(list.indexOf('/runs/newer')).toBeLessThan(list.indexOf('/runs/older'));
  });
});

describe('status page of a thousand checks with a full history', () => {
  const history = new History();
  const checks = Array.from({ length: 1000 }, (_, at) =>
    check({
      registry: `registry-${at % 4}`,
      path: `path-${at % 100}`,
      workload: `work-${Math.floor(at / 100)}`,
      intervalMs: 600_000,
    }),
  );
  checks.forEach((each, at) => {
    for (let run = 0; run < 100; run += 1) {
      const id = `${at}-${run}`;
      history.add(run % 2 === 0 || at % 12 === 0 ? failedRun({ id, check: each }) : successfulRun({ id, check: each }));
    }
  });
  const deps = serverDeps({ history, checks: () => checks });

  test('is bounded, says what is not on it, and leads there', async () => {
    const body = await page(deps, '/');
    expect(body.length).toBeLessThan(60_000);
    const text = visibleText(body);
    expect(text).toContain('1000 checks are too many for one page: each registry has its own');
    expect(text).toContain('The worst 50 of 84; the others are on the pages of their registries.');
    expect(text).toContain('and 17 more.');
    expect(body).toContain('<a href="/?registry=registry-3">');
    expect(body).not.toContain('class="spark"');
  });

  test('shows a registry page by page, and its failures only', async () => {
    const body = await page(deps, '/?registry=registry-2&page=2');
    expect(body.length).toBeLessThan(400_000);
    const text = visibleText(body);
    expect(text).toContain(
      '120 of 250 checks are here, most trouble first: 13 to 24 of 25 paths, 1 to 10 of 10 workloads',
    );
    expect(body).toContain('<a rel="prev" href="/?registry=registry-2">');
    expect(body).toContain('<a rel="next" href="/?registry=registry-2&amp;page=3">');
    expect(text).toContain('Page 2 of 3');
    const failures = visibleText(body.slice(body.indexOf('id="failures"')));
    expect(failures).toContain('registry-2 / ');
    expect(failures).not.toMatch(/registry-[013] /);
    expect(await page(deps, '/?registry=registry-2&page=99')).not.toContain('rel="next"');
  });

  test('answers 404 for a registry that is not there, with its name nowhere', async () => {
    const answer = await buildServer(deps).inject({ url: `/?registry=${encodeURIComponent(hostile)}` });
    expect(answer.statusCode).toBe(404);
    expect(answer.body).not.toContain('alert');
  });

  test('as JSON has all checks, and their recent runs when asked for', async () => {
    const app = buildServer(deps);
    const status = async (query: string): Promise<{ recentRuns: number; registries: { checks: { recent: [] }[] }[] }> =>
      (await app.inject(`/api/v1/status${query}`)).json();
    const figures = async (query: string): Promise<number[]> => {
      const { recentRuns, registries } = await status(query);
      const states = registries.flatMap((registry) => registry.checks);
      return [recentRuns, states.length, Math.max(...states.map(({ recent }) => recent.length))];
    };
    expect(await figures('')).toEqual([0, 1000, 0]);
    expect(await figures('?recent=2')).toEqual([2, 1000, 2]);
    expect(await figures('?registry=registry-1&recent=999')).toEqual([40, 250, 40]);
    const small = buildServer(serverDeps({ history, checks: () => checks.slice(0, 120) }));
    expect((await small.inject('/api/v1/status')).json()).toMatchObject({ recentRuns: 40 });
  });
});

describe('runs', () => {
  test('are listed, all or failures only', async () => {
    const { deps, failedId } = probing();
    const all = await page(deps, '/runs');
    expect(all.match(/<tr>/g)).toHaveLength(4);
    const failures = await page(deps, '/runs?failures=true');
    expect(failures.match(/<tr>/g)).toHaveLength(2);
    expect(failures).toContain(failedId);
    expect((await page(deps, '/runs?limit=1')).match(/<tr>/g)).toHaveLength(2);
    expect((await page(deps, '/runs?limit=999')).match(/<tr>/g)).toHaveLength(4);
  });

  test.each([
    ['/runs?limit=-1', 'limit: expected a whole number of at least 1, got "-1"'],
    ['/runs?limit=ten', 'limit: expected a whole number of at least 1, got "ten"'],
    ['/runs?failures=maybe', 'failures: expected true or false, got "maybe"'],
    ['/?page=0', 'page: expected a whole number of at least 1, got "0"'],
    ['/api/v1/runs?limit=', 'limit: expected a whole number of at least 1, got ""'],
    ['/api/v1/status?recent=1.5', 'recent: expected a whole number of at least 0, got "1.5"'],
  ])('%s is refused, and says what was expected', async (url, message) => {
    const answer = await buildServer(probing().deps).inject({ url, headers: { accept: '*/*' } });
    expect(answer.statusCode).toBe(400);
    expect(url.startsWith('/api/') ? answer.json() : answer.body).toEqual(
      url.startsWith('/api/') ? { error: message } : `${message}\n`,
    );
  });

  test('are listed of what a link of a board asks for, and the list says so', async () => {
    const { deps } = probing();
    const own = await page(deps, '/runs?registry=gitea&path=direct&client=docker&workload=large');
    const rows = (text: string): number => text.match(/<tr>/g)!.length - 1;
    expect(rows(own)).toBeGreaterThan(0);
    expect(rows(own)).toBeLessThan(rows(await page(deps, '/runs')));
    expect(visibleText(own)).toContain('of gitea / direct / docker / large');
    expect(own).toContain(
      '/runs?registry=gitea&amp;path=direct&amp;client=docker&amp;workload=large&amp;failures=true',
    );
    expect(rows(await page(deps, '/runs?path=elsewhere'))).toBe(0);
    // A board without a choice sends empty names.
    expect(rows(await page(deps, '/runs?registry=&path='))).toBe(rows(await page(deps, '/runs')));
    const answer = await buildServer(deps).inject('/runs/');
    expect([answer.statusCode, answer.headers.location]).toEqual([308, '/runs']);
  });

  test('a run shows its requests, waits, evidence and the same with curl', async () => {
    const { deps, failedId } = probing();
    const body = await page(deps, `/runs/${failedId}`);
    const text = visibleText(body);
    expect(text).toContain(
      'Outcome the body is refused for its size body_too_large in send, answered by nginx with 413',
    );
    expect(text).toContain(
      'blob, attempt 5: the body is refused for its size body_too_large, 500 ms after waiting 20 s',
    );
    expect(text).toContain('Sent 11 MiB when the request was 250 ms old');
    expect(text).toContain('server: nginx/1.22.1');
    expect(text).toContain('11 MiB of 50 MiB, chunked');
    expect(text).toContain('origin=https://git.example.org');
    // Five requests and the four waits between the attempts.
    expect(body.match(/<g>/g)).toHaveLength(9);
    expect(body.match(/<rect class="pause" x=/g)).toHaveLength(4);
  });

  test('a run under way is a page that renews itself, and stands above the list', async () => {
    const progress = {
      phase: 'send',
      blob: 'layer2',
      attempt: 2,
      maxAttempts: 5,
      sentBytes: 5 * 1024,
      totalBytes: 10 * 1024,
    } as const;
    const since = new Date('2026-11-24T00:09:58Z');
    const runs: readonly LiveRun[] = [
      { id: 'a', check: check(), state: 'running', since, onDemand: false, progress },
      { id: 'b', check: check({ path: 'edge' }), state: 'queued', since, onDemand: true },
      {
        id: 'c',
        check: check(),
        state: 'running',
        since,
        onDemand: false,
        progress: { ...progress, waitingMs: 5_000 },
      },
    ];
    const deps = serverDeps({ liveRuns: { list: () => runs, get: (id) => runs.find((run) => run.id === id) } });
    const app = buildServer(deps);
    const running = await app.inject('/runs/a');
    expect(running.statusCode).toBe(202);
    expect(visibleText(running.body)).toContain('running, started 2 s ago');
    expect(visibleText(running.body)).toContain('layer2, attempt 2 of 5: send, 5 KiB of 10 KiB');
    expect(running.body).toContain('<progress max="10240" value="5120"');
    expect(running.body).toContain('<noscript><meta http-equiv="refresh" content="3"></noscript>');
    expect(visibleText((await app.inject('/runs/b')).body)).toContain(
      'on demand State waiting for another push to end, asked for 2 s ago',
    );
    expect(visibleText((await app.inject('/runs/c')).body)).toContain('layer2, attempt 2 of 5: waiting 5 s before it');
    const list = await page(deps, '/runs');
    expect(list.match(/<a href="\/runs\/[abc]">/g)).toHaveLength(3);
  });

  test('what was run on demand is marked', async () => {
    const history = new History();
    history.add(successfulRun({ id: 'by-clock' }));
    history.addOnDemand(successfulRun({ id: 'asked' }));
    const deps = serverDeps({ history });
    expect((await page(deps, '/runs')).match(/on demand/g)).toHaveLength(1);
    expect(visibleText(await page(deps, '/runs/asked'))).toContain('gitea/direct/docker/large, on demand');
    expect(visibleText(await page(deps, '/runs/by-clock'))).not.toContain('on demand');
  });

  test('a run that is gone is a page, with 404', async () => {
    const answer = await buildServer(serverDeps()).inject('/runs/run-0');
    expect(answer.statusCode).toBe(404);
    expect(visibleText(answer.body)).toContain('No such run');
  });

  test('a picture of hundreds of requests is bounded, the table is not', async () => {
    const history = new History();
    const requests = Array.from({ length: 500 }, () => requestRecord());
    const run = successfulRun({ attempts: [attempt({ requests })] });
    history.add(run);
    const body = await page(serverDeps({ history }), `/runs/${run.id}`);
    expect(body.match(/<g>/g)).toHaveLength(120);
    expect(visibleText(body)).toContain('The first 120 of 500 are drawn.');
    expect(body.match(/<tr>/g)).toHaveLength(501);
  });

  test('on the time line a HEAD that asks whether a blob is there is no error when it is not; other refusals are', async () => {
    const history = new History();
    const requests = [
      requestRecord({ method: 'HEAD', phase: 'start', status: 404 }),
      requestRecord({ method: 'PATCH', phase: 'send', status: 404 }),
      requestRecord({ method: 'HEAD', phase: 'verify', status: 404 }),
    ];
    const run = failedRun({ attempts: [attempt({ requests, failure: failure() })] });
    history.add(run);
    const body = await page(serverDeps({ history }), `/runs/${run.id}`);
    const names = [...body.matchAll(/ class="(error )?name">([^<]*)</g)].map(([, error = '', text]) => error + text);
    expect(names).toEqual(['start HEAD 404', 'error send PATCH 404', 'error verify HEAD 404']);
  });

  test('bytes over time are a picture and the same in words', async () => {
    const history = new History();
    const MiB = 1024 ** 2;
    const upload = requestRecord({
      startMs: 0,
      durationMs: 60_000,
      sentBytes: 10 * MiB,
      progress: [
        [0, 0],
        [2_000, 5 * MiB],
        [52_000, 5 * MiB],
        [60_000, 10 * MiB],
      ],
    });
    const chunked = [0, 1].map((index) =>
      requestRecord({
        startMs: 60_000 + index * 1_000,
        durationMs: 500,
        sentBytes: MiB,
        sendMs: 400,
        waitMs: 100,
        receiveMs: 0,
      }),
    );
    const run = failedRun({
      durationMs: 66_000,
      attempts: [
        attempt({ requests: [upload], failure: failure() }),
        attempt({ number: 2, requests: chunked, startMs: 60_000 }),
      ],
    });
    history.add(run);
    const body = await page(serverDeps({ history }), `/runs/${run.id}`);
    const picture = /<svg class="waterfall bytes" role="img" aria-label="([^"]*)".*?<\/svg>/s.exec(body);
    expect(picture?.[1]).toBe('Bytes sent by 2 attempts, up to 10 MiB, over 1 m 6 s; the list below has it in words');
    const lines = [...(picture?.[0] ?? '').matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) =>
      points?.split(' '),
    );
    expect(lines).toEqual([
      ['190.0,152.0', '210.0,87.0', '710.0,87.0', '790.0,22.0'],
      ['790.0,152.0', '794.0,139.0', '800.0,139.0', '804.0,126.0'],
    ]);
    expect(picture?.[0].match(/<circle/g)).toHaveLength(1);
    const text = visibleText(body);
    expect(text).toContain('blob, attempt 1: 10 MiB in 1 m, of which 50 s at a stretch without a byte; failed');
    expect(text).toContain('blob, attempt 2: 2 MiB in 1.4 s');
    expect(body).not.toMatch(/ style=/);
  });

  test('no picture of bytes that nobody could watch', async () => {
    const history = new History();
    const run = successfulRun();
    history.add(run);
    expect(await page(serverDeps({ history }), `/runs/${run.id}`)).not.toContain('Bytes over time');
  });
});

describe('text from a registry', () => {
  function hostileRun(): { deps: ServerDeps; id: string } {
    const history = new History();
    const how = failure({
      registryCode: hostile,
      evidence: {
        message: hostile,
        method: hostile,
        url: hostile,
        code: hostile,
        timer: hostile,
        headers: { server: hostile, [hostile]: 'x' },
        body: hostile,
        range: hostile,
        location: hostile,
        rayId: hostile,
      },
    });
    const request = requestRecord({
      url: hostile,
      method: hostile,
      errorCode: hostile,
      responseHeaders: { via: hostile },
    });
    const run = failedRun(
      {
        attempts: [attempt({ blob: hostile, failure: how, requests: [request] })],
        cleanup: { durationMs: 1, failures: [{ kind: 'session', reason: 'registry_error', message: hostile }] },
        pathFacts: { tlsIssuer: hostile },
      },
      how,
    );
    history.add(run);
    return { deps: serverDeps({ history, checks: () => [check()], redactedConfig: () => hostile }), id: run.id };
  }

  test.each(['/', '/runs', '/runs/:id', '/config'])('is shown harmlessly on %s', async (url) => {
    const { deps, id } = hostileRun();
    const body = await page(deps, url.replace(':id', id));
    expect(body).not.toContain('<script>');
    expect(body).not.toContain('<img');
    expect(['\u0000', '\u001b', '\u202e'].filter((character) => body.includes(character))).toEqual([]);
    const outside = body.replaceAll(/<[^<>]*>/g, '');
    expect(outside).not.toMatch(/[<>]/);
  });

  test('was really on those pages', async () => {
    const { deps, id } = hostileRun();
    for (const url of ['/', `/runs/${id}`, '/config'])
      expect(await page(deps, url)).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;');
  });
});

describe('JSON', () => {
  test('status, runs and one run', async () => {
    const { deps, failedId } = probing();
    const app = buildServer(deps);
    const status = (await app.inject('/api/v1/status')).json();
    expect(status.registries[0].checks.map((each: { state: string }) => each.state)).toEqual([
      'stale',
      'stale',
      'unknown',
    ]);
    expect(status.build.version).toBe('1.2.3');
    const runs = (await app.inject('/api/v1/runs?failures=1')).json().runs;
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ id: failedId, ok: false, failure: { reason: 'body_too_large' } });
    const direct = (await app.inject('/api/v1/runs?check=gitea/direct/docker/large')).json().runs;
    expect(direct.map((run: { path: string }) => run.path)).toEqual(['direct', 'direct']);
    const run = (await app.inject(`/api/v1/runs/${failedId}`)).json();
    expect(run.attempts).toHaveLength(5);
    expect(run.cause).toMatchObject({
      cause: 'nginx_body_limit',
      hop: 'ingress',
      remedy: expect.stringContaining('client_max_body_size 0'),
    });
    expect(run.attempts[0].requests[0]).toMatchObject({ method: 'PATCH', status: 413 });
    const missing = await app.inject('/api/v1/runs/x');
    expect([missing.statusCode, missing.json()]).toEqual([404, { error: 'no such run' }]);
  });

  test('no answer holds credentials, usernames or headers of the path', async () => {
    const history = new History();
    const open = check();
    const guarded: Check = {
      ...open,
      registry: {
        ...open.registry,
        credentials: { kind: 'basic', username: 'covert-user', password: Secret.of('covert-password') },
      },
      path: {
        ...open.path,
        headers: { 'cf-access-client-secret': 'covert-header' },
        proxy: { host: 'proxy.example', port: 3128, username: 'covert-proxy', password: Secret.of('covert-too') },
      },
    };
    const run = failedRun({ check: guarded });
    history.add(run);
    const app = buildServer(serverDeps({ history, checks: () => [guarded] }));
    const urls = ['/', '/runs', `/runs/${run.id}`, '/api/v1/status', '/api/v1/runs', `/api/v1/runs/${run.id}`];
    for (const url of urls) {
      const answer = await app.inject(url);
      expect(answer.statusCode).toBe(200);
      expect(answer.body).not.toContain('covert');
    }
  });
});

test('assets are served with their types, and links follow the external path', async () => {
  const app = buildServer(serverDeps({ paths: { routePrefix: '/', externalPath: '/tools/probe' } }));
  const types = [];
  for (const url of ['/style.css', '/app.js', '/icon.svg']) types.push((await app.inject(url)).headers['content-type']);
  expect(types).toEqual(['text/css; charset=utf-8', 'text/javascript; charset=utf-8', 'image/svg+xml']);
  const body = (await app.inject('/')).body;
  expect(body.match(/(?:src|href)="(?!\/tools\/probe\/|#)[^"]*"/g)).toBeNull();
});

/** What a reader without pictures sees. */
function visibleText(body: string): string {
  return body
    .replaceAll(/<(?:style|title)[^>]*>.*?<\/(?:style|title)>/gs, '')
    .replaceAll(/<[^<>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(' ,', ',');
}
