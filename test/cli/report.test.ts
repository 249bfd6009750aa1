import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/daemon/engine.ts';
import { reportCommand } from '../../src/cli/report.ts';
import { type DemoLab, startLab } from '../../src/lab/lab.ts';
import { typed } from '../support/typed.ts';

let lab: DemoLab;
let directory: string;
let config: string;
beforeAll(async () => {
  lab = await startLab({ outage: { everyMs: 600_000, downMs: 1 } });
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-report-'));
  config = join(directory, 'config.yaml');
  const { name, repository, username, password } = lab.registry;
  const paths = lab.paths.map(({ name: path, origin, kind, caFile }) => [
    path,
    { url: origin, kind, ...(caFile === undefined ? {} : { tls: { caFile } }) },
  ]);
  writeFileSync(
    config,
    JSON.stringify({
      registries: { [name]: { repository, credentials: { username, password }, paths: Object.fromEntries(paths) } },
      checks: { large: { size: `${lab.sizes.large}B`, every: '1h', clients: ['docker'] } },
    }),
  );
});
afterAll(async () => {
  await lab.close();
  rmSync(directory, { recursive: true });
});

async function report(...args: readonly string[]) {
  const command = reportCommand({ engine: createEngine(), isTerminal: false });
  return typed(['report', `--config.file=${config}`, ...args], [command]);
}

const quick = ['--quick', '--path=cloudflare', '--path=internal', '--path=bypass', '--small-size=64KiB'];

test('the report of the manual: Cloudflare and its tunnel fail, the internal way works', async () => {
  const { code, out } = await report(...quick);
  expect(code).toBe(1);
  const section = (title: string): string => new RegExp(`\n## ${title}\n(.*?)(?:\n## |$)`, 's').exec(out)?.[1] ?? '';
  expect(section('Summary')).toContain('2 of 3 paths to gitea took every push');
  expect(section('Which size over which path')).toMatch(
    /\| docker \| up to .* \| any \| .*\n\| docker \| above .* \| any but cloudflare \| pushes of up to 2 MiB; no limit is known \|/,
  );
  expect(section('Comparison')).toMatch(
    /\| cloudflare \| fails: docker: the body does not arrive; docker-containerd: the body is refused for its size \| 2 of 4 \|/,
  );
  expect(section('Causes and what to do')).toMatch(
    /^\| The Cloudflare tunnel drops bodies that come without a length \| tunnel, on cloudflare \(\w+\) \| Run cloudflared with /m,
  );
  expect(section('Causes and what to do')).toMatch(
    /^\| Cloudflare refuses bodies above the size limit of the plan \| edge, /m,
  );
  expect(section('Details')).toMatch(/### cloudflare: docker.*PATCH http:.*cf-ray/s);
  expect(section('Causes and what to do')).toContain('`--protocol http2`');
  expect(section('Details')).toContain('```sh\norigin=');
  expect(section('Details')).toMatch(/cloudflare as docker-containerd, size: 977 KiB is accepted/);
  expect(out).not.toContain(lab.registry.password.repeat(2));
});

test('as HTML into a file, and as JSON', async () => {
  const file = join(directory, 'report.html');
  const small = ['--quick', '--path=internal', '--client=docker', '--size=200kB'];
  const written = await report(...small, '--format=html', `--output=${file}`);
  expect(written.out).toBe('');
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(/^<!doctype html>/);
  expect(text).not.toMatch(/<(?:script|link|img)\b/);
  const { out } = await report(...small, '--format=json');
  expect(JSON.parse(out)).toMatchObject({
    registry: { name: 'gitea' },
    routing: ['docker: any size: any path (tried up to 195 KiB)'],
    diagnoses: [{ path: 'internal', diagnosis: { kind: 'healthy' } }],
  });
});

test('a healthy path is exit code 0 and needs no change', async () => {
  const { code, out } = await report('--quick', '--path=internal', '--client=docker', '--size=200kB');
  expect(code).toBe(0);
  expect(out).toContain('Nothing needs to be changed.');
});

test.each([
  [['--format=pdf'], 'flag --format: expected markdown or html or json, got "pdf"'],
  [['--path=nowhere'], 'flag --path: no path "nowhere"'],
])('%s is a usage error', async (args, message) => {
  const { code, err } = await report(...args);
  expect(code).toBe(2);
  expect(err).toContain(message);
});
