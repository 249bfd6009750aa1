import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { metricSpecs } from '../../../src/publish/metrics/metric-names.ts';
import {
  builtProgram,
  eventually,
  listeningUrl,
  type Program,
  samples,
  startProgram,
  sum,
} from '../../support/program.ts';

let main: string;
const programs: Program[] = [];

beforeAll(() => {
  main = builtProgram();
}, 120_000);
afterAll(async () => {
  await Promise.all(programs.map((program) => program.kill()));
});

function run(...args: string[]): Program {
  const program = startProgram(main, args);
  programs.push(program);
  return program;
}

function label(series: string, name: string): string | undefined {
  return new RegExp(`[{,]${name}="([^"]*)"`).exec(series)?.[1];
}

/** Path, client, workload, phase, reason, answered_by of what must have failed within a minute; nothing else may fail, the load balancer aside. */
const expected = [
  ...['medium', 'large'].map((size) => `cloudflare docker ${size} send body_dropped registry`),
  'cloudflare docker-containerd large send body_too_large cloudflare',
  ...['docker', 'docker-containerd'].map((client) => `cloudflare-free ${client} large send body_too_large cloudflare`),
  ...['small', 'medium', 'large'].map((size) => `cloudflared-quic docker ${size} send body_dropped registry`),
  'cloudflared-quic docker-containerd large send body_too_large cloudflare',
  ...['docker', 'docker-containerd'].flatMap((client) => [
    `ingress-nginx-default ${client} medium send body_too_large nginx`,
    `ingress-nginx-default ${client} large send body_too_large nginx`,
    `traefik-3 ${client} large wait timeout traefik`,
    `alb ${client} large wait response_timeout alb`,
  ]),
  'envoy docker large commit response_timeout envoy',
  'envoy chunked large commit response_timeout envoy',
  'envoy docker-containerd large wait response_timeout envoy',
];

/** The beginning of a series of each metric. No check of the demonstration asks how the path is for others. */
const metricNames = Object.values(metricSpecs)
  .filter((spec) => spec !== metricSpecs.lastNeighbour)
  .map(({ name, type, labels }) =>
    type === 'histogram' ? `${name}_bucket{` : labels.length === 0 ? `${name} ` : `${name}{`,
  );

/** What failed in any attempt so far, as in `expected`. Which of two time limits Traefik names goes by turns, whoever pushes. */
function failuresIn(scrape: string): string[] {
  return [...samples(scrape)]
    .filter(([series, count]) => series.startsWith('blobprobe_attempt_failures_total{') && count > 0)
    .map(([series]) =>
      ['path', 'client', 'workload', 'phase', 'reason', 'answered_by'].map((name) => label(series, name)).join(' '),
    )
    .map((one) => one.replace(/^(traefik-3 .*) (?:request|response)_timeout /, '$1 timeout '));
}

test('shows what it says it will, and paths of it can be broken and healed', async () => {
  const program = run('demo', '--web.listen-address=127.0.0.1:0', '--heal=bypass');
  const url = await listeningUrl(program);
  // A scrape of so many series is work, for the process whose times matter here.
  const scrape = async (): Promise<string> => {
    await sleep(500);
    return (await fetch(`${url}/metrics`)).text();
  };
  await eventually(
    'a success and a failure',
    async () => {
      const text = await scrape();
      return (sum(text, 'blobprobe_last_run_success', {}) ?? 0) > 0 && failuresIn(text).length > 0;
    },
    program.stderr,
    120_000,
  );
  let missing = '';
  const text = await eventually(
    'run of every check, an outage and all that is expected',
    async () => {
      const now = await scrape();
      const counts = [...samples(now)].filter(([series]) => series.startsWith('blobprobe_runs_total{'));
      const failures = failuresIn(now);
      const isDown = failures.some((one) => /^loadbalancer docker \w+ auth origin_unreachable haproxy$/.test(one));
      const lacking = [
        ...(counts.length === 87 ? [] : [`${counts.length} checks`]),
        ...counts.filter(([, runs]) => runs < 1).map(([series]) => series),
        ...expected.filter((one) => !failures.includes(one)),
        ...(isDown ? [] : ['an outage']),
        ...metricNames.filter((name) => !now.includes(`\n${name}`)),
      ];
      missing = lacking.join('\n');
      return lacking.length === 0 && now;
    },
    () => `${program.stderr().slice(-4_000)}\nmissing:\n${missing}`,
    400_000,
  );
  for (const path of ['internal', 'bypass', 'internal-tls', 'cloudflare-enterprise'])
    expect(sum(text, 'blobprobe_run_failures_total', { path })).toBe(0);
  // A busy machine may exceed a scaled limit of time; what is not a matter of time is exact.
  const timed =
    /^(?:envoy|alb|traefik-3) |^loadbalancer \S+ \S+ \S+ origin_unreachable (?:haproxy|other)$|^(?:loadbalancer|ingress-nginx-default|cloudflare\S*) \S+ \S+ (?:send|wait|commit) response_timeout (?:haproxy|nginx|cloudflare)$/;
  expect(
    failuresIn(text)
      .filter((one) => !timed.test(one))
      .sort(),
  ).toEqual(expected.filter((one) => !timed.test(one)).sort());
  expect(sum(text, 'blobprobe_pulled_bytes_total', { path: 'internal', workload: 'image' })).toBeGreaterThan(0);
  expect(program.stdout()).toContain(`blobprobe demo: ${url}\n`);
  expect(program.stdout()).toContain('medium and large: nginx refuses their size (body_too_large); chunked passes\n');
  expect(program.stdout()).toContain('the load balancer is down for 5m in 20m.\n');
  expect(program.stderr()).toContain('change="bypass: nothing is in the way any more"');

  const change = await run('demo', `--running=${url}`, '--break=internal=cloudflared-quic').ended;
  expect(change).toMatchObject({ code: 0, stdout: 'internal: now cloudflared-quic\n', stderr: '' });
  const broken = { path: 'internal', client: 'docker', workload: 'small', reason: 'body_dropped' };
  const gone = (now: string): number => sum(now, 'blobprobe_attempt_failures_total', broken) ?? Number.NaN;
  await eventually('a failure on internal', async () => gone(await scrape()) > 0, program.stderr, 120_000);
  const healed = await fetch(`${url}/demo/heal?path=internal`, { method: 'POST' });
  expect([healed.status, await healed.text()]).toEqual([200, 'internal: nothing is in the way any more\n']);
  const ok = { path: 'internal', client: 'docker', workload: 'small' };
  await eventually(
    'a success on internal',
    async () => sum(await scrape(), 'blobprobe_last_run_success', ok) === 1,
    program.stderr,
    120_000,
  );

  const config = await (await fetch(`${url}/config`)).text();
  const caFile = /caFile: (\S+)/.exec(config)?.[1] ?? '';
  expect(existsSync(caFile)).toBe(true);
  program.signal('SIGINT');
  expect((await program.ended).code).toBe(0);
  expect(existsSync(caFile)).toBe(false);
}, 800_000);
