import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { healthcheckCommand } from '../../src/cli/healthcheck.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(status: number, path: string): Promise<string> {
  const server = createServer((request, response) => {
    response.statusCode = request.url === path ? status : 404;
    response.end('text');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function check(url: string): Promise<{ code: number | undefined; output: string }> {
  const output: string[] = [];
  const terminal = {
    out: (text: string) => output.push(text),
    err: (text: string) => output.push(text),
    env: {},
    readInput: () => '',
  };
  const code = await runCommandLine(['healthcheck', `--url=${url}`], [healthcheckCommand], terminal);
  return { code, output: output.join('') };
}

test('ready: exit code 0 and no output', async () => {
  expect(await check(await serve(200, '/-/ready'))).toEqual({ code: 0, output: '' });
});

test('a route prefix and a trailing slash belong to the URL', async () => {
  expect(await check(`${await serve(200, '/probe/-/ready')}/probe/`)).toEqual({ code: 0, output: '' });
});

test('not ready: exit code 1 and the status', async () => {
  const url = await serve(503, '/-/ready');
  expect(await check(url)).toEqual({ code: 1, output: `blobprobe healthcheck: ${url}/-/ready answered 503\n` });
});

test('nobody there: exit code 1 and the error', async () => {
  const url = await serve(200, '/-/ready');
  const server = servers.pop();
  await new Promise((resolve) => server?.close(resolve));
  const { code, output } = await check(url);
  expect(code).toBe(1);
  expect(output).toContain('ECONNREFUSED');
  expect(output.match(/\n/g)).toHaveLength(1);
});

test('no URL: exit code 2', async () => {
  expect(await check('localhost:10719')).toEqual({
    code: 2,
    output:
      'blobprobe healthcheck: flag --url: expected an http or https URL, got "localhost:10719" (see blobprobe healthcheck --help)\n',
  });
});
