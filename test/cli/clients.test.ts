import { expect, test } from 'vitest';
import { clientsCommand } from '../../src/cli/clients.ts';
import { parseFlags } from '../../src/cli/flags.ts';
import { clientRows } from '../../src/probe/clients/client-profiles.ts';

async function output(...argv: readonly string[]): Promise<string> {
  let text = '';
  const terminal = { out: (more: string) => void (text += more), err: () => {}, env: {}, readInput: () => '' };
  expect(await clientsCommand.run(parseFlags(argv, clientsCommand.flags), terminal)).toBe(0);
  return text;
}

test('one line for each row, under a head, in columns; below, what older versions do otherwise', async () => {
  const [columns = '', notes = ''] = (await output()).trimEnd().split('\n\n');
  const lines = columns.split('\n');
  expect(lines).toHaveLength(clientRows.length + 1);
  expect(lines[1]).toMatch(/^docker {2,}29\.7 +patch-streamed +5 +5s 10s 15s 20s +5 +docker\/29\.7\.2 /);
  expect(lines.find((line) => line.startsWith('docker-containerd@29.0 '))).toMatch(
    /put-length +1 +all +docker\/29\.0\.0 /,
  );
  const older = clientRows.map(({ name }) => name).filter((name) => name.includes('@'));
  expect(notes.split('\n').map((line) => line.replace(/: .*/, ''))).toEqual(older);
});

test('--json has the same as data', async () => {
  const rows = JSON.parse(await output('--json')) as readonly Record<string, unknown>[];
  expect(rows.map(({ name }) => name)).toEqual(clientRows.map(({ name }) => name));
  expect(rows.find(({ name }) => name === 'docker-containerd')).toMatchObject({
    version: '29.7',
    shape: 'put-length',
    attempts: 1,
    waitsMs: [],
    responseHeaderTimeoutMs: 30_000,
    layersAtOnce: 5,
    measured: expect.stringMatching(/^docker 29 /),
  });
  expect(rows.find(({ name }) => name === 'chunked')).toMatchObject({ measured: null });
});
