import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { explainCommand } from '../../src/cli/explain.ts';
import { logFormats } from '../../src/probe/explain/explain-line.ts';
import { typed } from '../support/typed.ts';

async function explain(input: string, ...args: readonly string[]) {
  return typed(['explain', ...args], [explainCommand], { readInput: () => input });
}

const document = readFileSync(join(import.meta.dirname, '../../docs/explain.md'), 'utf8');
const access = (status: number): string =>
  `1.2.3.4 - - [x] "PATCH /v2/team/app/blobs/uploads/1?_state=secret HTTP/1.1" ${status} 1 "-" "docker/29"`;

test('the example of the document', async () => {
  const [, line = '', output = ''] = /^```console\n\$ blobprobe explain '(.*)'\n([^]*?)^```/m.exec(document) ?? [];
  expect(await explain('', line)).toEqual({ code: 0, out: output, err: '' });
});

test('the document has each format', () => {
  for (const { name } of logFormats) expect(document).toContain(`| ${name} |`);
});

test('lines on standard input, one of which says nothing: exit code 4, and no query is shown', async () => {
  const { code, out } = await explain(`${access(413)}\n\n${access(202)}\nwhat?\n`);
  expect(code).toBe(4);
  expect(out.match(/^ {2}reason|^ {2}no failure|^not known/gm)).toEqual(['  reason', '  no failure', 'not known']);
  expect(out).not.toContain('_state');
});

test('several lines as arguments, in their order; standard input is not read then', async () => {
  const { code, out } = await explain(access(500), access(202), access(413));
  expect(code).toBe(0);
  expect(out.match(/^ {2}reason\s+\w+|^ {2}no failure/gm)).toEqual(['  no failure', '  reason  body_too_large']);
});

test('the name of a file in the place of a line is told so', async () => {
  const file = import.meta.filename;
  const { code, err } = await explain('', file);
  expect({ code, err }).toEqual({
    code: 2,
    err: `blobprobe explain: ${file} is a file: give its lines on standard input, blobprobe explain < ${file} (see blobprobe explain --help)\n`,
  });
});

test('a line that names no cause leaves a list, and the command that tells them apart', async () => {
  const { out } = await explain('', access(504));
  expect(out).toContain('  cause   open: one line has nothing to compare with, it may be\n          - Nginx ');
  expect(out.match(/^ {10}- /gm)).toHaveLength(2);
  expect(out).not.toMatch(/likely|certain|^ {2}remedy/m);
  expect(out).toMatch(/ {2}next {4}blobprobe diagnose --url=https:\/\/REGISTRY\/team\/app --client=docker\n$/);
});

test('a time limit is shown by slow bodies, a size by a push of it', async () => {
  const traefik = logFormats.find(({ name }) => name === 'Traefik access log')?.example ?? '';
  expect((await explain('', traefik)).out).toContain(
    'same    blobprobe limit --url=https://REGISTRY/team/app --client=docker --only=duration\n',
  );
  const nginx = logFormats.find(({ name }) => name === 'nginx error log')?.example ?? '';
  expect((await explain('', nginx)).out).toContain(
    'same    blobprobe push --url=https://git.example.org/team/app --client=docker --size=104857600B\n',
  );
});

test('the line of a pull is shown by a pull', async () => {
  const line =
    '10.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /v2/team/app/blobs/sha256:00 HTTP/1.1" 504 160 "-" "docker/28.0"';
  const { out } = await explain('', line);
  expect(out).toMatch(/ {2}same {4}blobprobe push --url=https:\/\/REGISTRY\/team\/app --client=docker --pull\n/);
  expect(out).toMatch(/ {2}next {4}blobprobe diagnose --url=https:\/\/REGISTRY\/team\/app --client=docker --pull\n$/);
});

test.each([504, 413, 408, 499])('what is said of a pull that ended with %d speaks of no body', async (status) => {
  const line = `10.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /v2/team/app/blobs/sha256:00 HTTP/1.1" ${status} 160 "-" "docker/28.0"`;
  const { out } = await explain('', line);
  const said = out.split('\n').filter((row) => /^ {2}(?:cause|remedy|hop) /.test(row));
  expect(said.join('\n')).not.toMatch(
    /client_max_body_size|readTimeout|commit|push|proxy_request_buffering|bod(?:y|ies)/i,
  );
});

test('a pull that nothing explains has its cause unknown', async () => {
  const line =
    '10.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /v2/team/app/blobs/sha256:00 HTTP/1.1" 499 160 "-" "docker/28.0"';
  expect((await explain('', line)).out).toContain(
    'cause   not known: one log line of a pull does not tell why it failed\n',
  );
});

test('JSON', async () => {
  const { out } = await explain('', access(413), '--json');
  expect(JSON.parse(out)).toMatchObject([
    {
      kind: 'failure',
      failure: { reason: 'body_too_large' },
      client: 'docker',
      restsOn: 'one line',
      findings: [{ cause: 'nginx_body_limit', confidence: 'open', nextTest: expect.stringMatching(/./) as string }],
      same: expect.stringContaining('push') as string,
      next: 'blobprobe diagnose --url=https://REGISTRY/team/app --client=docker',
    },
  ]);
  expect(out).not.toContain('_state');
});

test('nothing to explain, and far too much, is one line', async () => {
  expect(await explain('\n')).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringMatching(/^.*give a log line.*\n$/) as string,
  });
  expect(await explain('x\n'.repeat(1_001))).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^.*too many.*\n$/) as string,
  });
});
