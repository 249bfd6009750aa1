import { describe, expect, test } from 'vitest';
import type { Run } from '../../../src/probe/outcome.ts';
import {
  type OnDemand,
  type RunAnswer,
  RunNotStarted,
  type RunRequest,
  type RunTerms,
} from '../../../src/server/on-demand.ts';
import { buildServer } from '../../../src/server/server.ts';
import { readExposition } from '../../support/exposition-reader.ts';
import { describeWithComponents } from '../../support/component.ts';
import { checkMetrics } from '../../support/promtool.ts';
import { attempt, failedRun, failure, requestRecord, successfulRun } from '../../support/run-fixtures.ts';
import { serverDeps } from '../../support/server-fixtures.ts';

interface Asked {
  readonly request: RunRequest;
  readonly terms: RunTerms;
}

/** Answers everything with `answer`, and remembers what it was asked. */
function onDemandOf(answer: RunAnswer): { onDemand: OnDemand; asked: Asked[] } {
  const asked: Asked[] = [];
  const start = (request: RunRequest, terms: RunTerms): RunAnswer => {
    asked.push({ request, terms });
    return answer;
  };
  return { asked, onDemand: { start } };
}

function started(run: Run | Promise<Run>): RunAnswer {
  return { kind: 'started', id: 'run-x', run: Promise.resolve(run) };
}

const busy: RunAnswer = { kind: 'busy', reason: 'busy', message: 'another push is running', retryAfterSeconds: 10 };
const timeoutHeader = 'x-prometheus-scrape-timeout-seconds';

describe('/probe', () => {
  test('answers with the metrics of that run alone', async () => {
    const run = successfulRun();
    const { onDemand, asked } = onDemandOf(started(run));
    const app = buildServer(serverDeps({ onDemand }));
    const answer = await app.inject('/probe?registry=gitea&path=direct&client=docker&size=10MiB&retries=none');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.headers['x-blobprobe-run-id']).toBe('run-x');
    const { request, terms } = asked[0]!;
    expect(request).toEqual({
      registry: 'gitea',
      path: 'direct',
      client: 'docker',
      size: '10MiB',
      retries: 'none',
      workload: undefined,
    });
    expect(terms).toEqual({ withinMs: undefined });
    const samples = readExposition(answer.body).samples;
    const value = (name: string): number | undefined => samples.find((sample) => sample.name === name)?.value;
    expect(value('probe_success')).toBe(1);
    expect(value('probe_duration_seconds')).toBe(0.5);
    expect(value('blobprobe_last_run_success')).toBe(1);
    // Of this run alone: nothing of the process, no series that a schedule would want from the start.
    expect(samples.some(({ name }) => name.startsWith('process_'))).toBe(false);
    expect(answer.body).not.toContain('blobprobe_attempt_failures_total');
  });

  describeWithComponents(['promtool'], 'the answer and promtool', () => {
    test('has nothing to say about it', async () => {
      for (const run of [successfulRun(), failedRun()]) {
        const { body } = await buildServer(serverDeps({ onDemand: onDemandOf(started(run)).onDemand })).inject(
          '/probe',
        );
        expect(await checkMetrics(body)).toEqual({ code: 0, output: '' });
      }
    });
  });

  test('a push that failed is an answer: 200, with what it failed for', async () => {
    const app = buildServer(serverDeps({ onDemand: onDemandOf(started(failedRun())).onDemand }));
    const answer = await app.inject('/probe');
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toMatch(/^probe_success 0$/m);
    expect(answer.body).toMatch(/^blobprobe_last_failure_info\{.*reason="body_too_large".*\} 1$/m);
  });

  test('speaks OpenMetrics to those who ask for it, with the run as exemplar', async () => {
    const run = successfulRun();
    const app = buildServer(serverDeps({ onDemand: onDemandOf(started(run)).onDemand }));
    const accept = 'application/openmetrics-text; version=1.0.0';
    const answer = await app.inject({ url: '/probe', headers: { accept } });
    expect(answer.headers['content-type']).toContain('application/openmetrics-text');
    expect(answer.body).toContain(`run_id="${run.id}"`);
    expect(answer.body.endsWith('\n# EOF\n')).toBe(true);
    expect(answer.body.match(/# EOF/g)).toHaveLength(1);
  });

  test.each([
    ['10', undefined, 9_500],
    ['0.75', undefined, 250],
    ['10', 2_000, 8_000],
  ])('a scrape timeout of %s s less the offset %s leaves %d ms', async (header, timeoutOffsetMs, withinMs) => {
    const { onDemand, asked } = onDemandOf(started(successfulRun()));
    const app = buildServer(serverDeps({ onDemand, timeoutOffsetMs }));
    await app.inject({ url: '/probe', headers: { [timeoutHeader]: header } });
    expect(asked[0]?.terms).toEqual({ withinMs });
  });

  test.each([
    ['0.5', 'a scrape timeout of 0.5 s leaves nothing after the offset of 0.5 s\n'],
    ['-1', 'X-Prometheus-Scrape-Timeout-Seconds is no number of seconds\n'],
    ['soon', 'X-Prometheus-Scrape-Timeout-Seconds is no number of seconds\n'],
  ])('refuses a scrape timeout of %s without a push', async (header, body) => {
    const { onDemand, asked } = onDemandOf(started(successfulRun()));
    const answer = await buildServer(serverDeps({ onDemand })).inject({
      url: '/probe',
      headers: { [timeoutHeader]: header },
    });
    expect([answer.statusCode, answer.body, asked]).toEqual([400, body, []]);
  });

  test('answers within the scrape timeout when the run does not', async () => {
    const endless = new Promise<Run>(() => {});
    const app = buildServer(serverDeps({ onDemand: onDemandOf(started(endless)).onDemand }));
    const answer = await app.inject({ url: '/probe', headers: { [timeoutHeader]: '0.8' } });
    expect([answer.statusCode, answer.headers['x-blobprobe-run-id']]).toEqual([200, 'run-x']);
    expect(answer.headers['x-blobprobe-no-run']).toContain('/runs/run-x');
    expect(answer.body).toMatch(/^probe_success 0$/m);
    expect(answer.body).toMatch(/^blobprobe_probe_no_run_info\{reason="scrape_timeout"\} 1$/m);
  });

  test('400 for what is refused, 503 with Retry-After for what could work later', async () => {
    const refused = onDemandOf({ kind: 'refused', message: 'unknown path "x": there are direct, edge' });
    const bad = await buildServer(serverDeps({ onDemand: refused.onDemand })).inject('/probe?path=x');
    expect([bad.statusCode, bad.body]).toEqual([400, 'unknown path "x": there are direct, edge\n']);
    const full = await buildServer(serverDeps({ onDemand: onDemandOf(busy).onDemand })).inject('/probe');
    expect([full.statusCode, full.headers['retry-after'], full.body]).toEqual([503, '10', 'another push is running\n']);
  });

  test('Prometheus gets an answer of ours when nothing can be pushed within its time: up stays 1', async () => {
    for (const answers of [busy, { ...busy, reason: 'paused' }] as const) {
      const { onDemand, asked } = onDemandOf(answers);
      const app = buildServer(serverDeps({ onDemand }));
      const answer = await app.inject({ url: '/probe', headers: { [timeoutHeader]: '1' } });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['x-blobprobe-no-run']).toBe('another push is running');
      expect(answer.body).toMatch(/^probe_success 0$/m);
      expect(answer.body).toContain(`blobprobe_probe_no_run_info{reason="${answers.reason}"} 1\n`);
      expect(answer.body).not.toContain('blobprobe_last_run_success');
      // What passes is waited for, what somebody paused is not.
      expect(asked.length > 1).toBe(answers.reason === 'busy');
    }
  });

  describeWithComponents(['promtool'], 'that answer and promtool', () => {
    test('has nothing to say about it', async () => {
      const app = buildServer(serverDeps({ onDemand: onDemandOf(busy).onDemand }));
      const { body } = await app.inject({ url: '/probe', headers: { [timeoutHeader]: '0.6' } });
      expect(await checkMetrics(body)).toEqual({ code: 0, output: '' });
    });
  });

  test('a run that waited in vain is no failure of its path', async () => {
    const vain = Promise.reject(new RunNotStarted('another push was running for most of the time'));
    const app = buildServer(serverDeps({ onDemand: onDemandOf(started(vain)).onDemand }));
    const answer = await app.inject({ url: '/probe', headers: { [timeoutHeader]: '5' } });
    expect(answer.body).toContain('blobprobe_probe_no_run_info{reason="busy"} 1\n');
  });

  test('debug=true is the run request by request, then its metrics, as plain text', async () => {
    const app = buildServer(serverDeps({ onDemand: onDemandOf(started(failedRun())).onDemand }));
    const answer = await app.inject('/probe?debug=true');
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.body).toContain('PATCH http://registry.example:5000/v2/platform/blobprobe/blobs/uploads/1');
    expect(answer.body).toContain('413, before the whole body was sent, after 250 ms, sent 11 MiB of 50 MiB (chunked)');
    expect(answer.body).toContain('blob, attempt 5, after waiting 20 s: failed in send (body_too_large), 500 ms');
    expect(answer.body).toContain('reason body_too_large, phase send, answered by nginx, blame ingress');
    expect(answer.body).toMatch(/^probe_success 0$/m);
  });

  test('a debug that is neither true nor false is refused before anything is pushed', async () => {
    const { onDemand, asked } = onDemandOf(started(successfulRun()));
    const answer = await buildServer(serverDeps({ onDemand })).inject('/probe?debug=yes');
    expect([answer.statusCode, answer.body]).toEqual([400, 'debug: expected true or false, got "yes"\n']);
    expect(asked).toEqual([]);
  });

  test('text of a registry cannot break a line of the transcript, move a cursor or flip the reading direction', async () => {
    const hostile = 'first\r\nprobe_success 1\u001b[2J\u202e\u2028end';
    const how = failure({ evidence: { message: hostile, body: hostile }, registryCode: hostile });
    const requests = [requestRecord({ url: hostile, responseHeaders: { server: hostile } })];
    const run = failedRun({ attempts: [attempt({ blob: hostile, failure: how, requests })] }, how);
    const { body } = await buildServer(serverDeps({ onDemand: onDemandOf(started(run)).onDemand })).inject(
      '/probe?debug=true',
    );
    expect(body.match(/^probe_success.*$/gm)).toEqual(['probe_success 0']);
    expect(body).toContain('first probe_success 1 [2J end');
    expect(['\r', '\u001b', '\u202e', '\u2028'].filter((character) => body.includes(character))).toEqual([]);
  });

  test('other sites cannot make a browser push', async () => {
    const { onDemand, asked } = onDemandOf(started(successfulRun()));
    const app = buildServer(serverDeps({ onDemand }));
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await app.inject({ url: '/probe', headers: { host: 'probe.example', ...headers } })).statusCode;
    expect(await status({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await status({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await status({ origin: 'https://evil.example' })).toBe(403);
    expect(await status({ origin: 'null' })).toBe(403);
    expect(asked).toEqual([]);
    expect(await status({ 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await status({ 'sec-fetch-site': 'none' })).toBe(200);
    expect(await status({ origin: 'https://probe.example' })).toBe(200);
  });

  test('a HEAD pushes nothing', async () => {
    const { onDemand, asked } = onDemandOf(started(successfulRun()));
    expect((await buildServer(serverDeps({ onDemand })).inject({ method: 'HEAD', url: '/probe' })).statusCode).toBe(
      405,
    );
    expect(asked).toEqual([]);
  });
});

describe('POST /api/v1/run', () => {
  const url = '/api/v1/run';
  const wanted = { registry: 'gitea', path: 'direct', client: 'docker', workload: 'large' };
  const json = { 'content-type': 'application/json', host: 'probe.example' };

  test('answers at once with the id, and where the run is to be seen', async () => {
    const { onDemand, asked } = onDemandOf(started(new Promise<Run>(() => {})));
    const app = buildServer(serverDeps({ onDemand, paths: { externalPath: '/tools' } }));
    const answer = await app.inject({ method: 'POST', url, headers: json, payload: wanted });
    expect(answer.statusCode).toBe(202);
    expect(answer.headers['location']).toBe('/tools/runs/run-x');
    expect(answer.json()).toEqual({ id: 'run-x', location: '/tools/runs/run-x' });
    expect(asked).toEqual([{ request: wanted, terms: undefined }]);
  });

  test.each<[string, Record<string, string>, string, number]>([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'registry=gitea', 415],
    ['text, as a form can send it', { 'content-type': 'text/plain' }, JSON.stringify(wanted), 415],
    ['no type', {}, '', 415],
    ['another site', { ...json, 'sec-fetch-site': 'cross-site' }, JSON.stringify(wanted), 403],
    ['another origin', { ...json, origin: 'http://evil.example' }, JSON.stringify(wanted), 403],
    ['no JSON', json, '{', 400],
    ['an array', json, '[]', 400],
    ['an unknown key', json, '{"url":"http://evil.example"}', 400],
    ['a number', json, '{"size":5}', 400],
    ['too much', json, JSON.stringify({ size: 'x'.repeat(100_000) }), 413],
  ])('refuses %s', async (_name, headers, payload, status) => {
    const { onDemand, asked } = onDemandOf(started(successfulRun()));
    const answer = await buildServer(serverDeps({ onDemand })).inject({ method: 'POST', url, headers, payload });
    expect([answer.statusCode, asked]).toEqual([status, []]);
  });

  test('400 for what is refused, 503 with Retry-After for what could work later', async () => {
    const post = (answer: RunAnswer) =>
      buildServer(serverDeps({ onDemand: onDemandOf(answer).onDemand })).inject({
        method: 'POST',
        url,
        headers: json,
        payload: wanted,
      });
    const bad = await post({ kind: 'refused', message: 'no' });
    expect([bad.statusCode, bad.json()]).toEqual([400, { error: 'no' }]);
    const full = await post(busy);
    expect([full.statusCode, full.headers['retry-after'], full.json()]).toEqual([
      503,
      '10',
      { error: 'another push is running' },
    ]);
  });
});
