import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { startEdge } from '../../support/lab/edge.ts';
import { startRegistry } from '../../support/lab/registry.ts';
import { builtProgram, eventually, startProgram } from '../../support/program.ts';

let main: string;
beforeAll(() => {
  main = builtProgram();
}, 120_000);

test('Ctrl-C in the middle of a try: the upload is cancelled, what is known is said, exit code 130', async () => {
  const registry = await startRegistry({ bytes: 'discard' });
  const edge = await startEdge({
    upstream: registry.url,
    faults: [{ kind: 'throttle', bytesPerSecond: 500_000, direction: 'request' }],
  });
  const args = ['limit', `--url=${edge.url}`, '--only=size', '--up-to=50MB', '--json'];
  const program = startProgram(main, args);
  try {
    await eventually(
      'a large upload',
      () => registry.openSessions.some(({ sizeBytes }) => sizeBytes > 100_000),
      program.stderr,
    );
    program.signal('SIGINT');
    const { code, stdout, stderr } = await program.ended;
    expect(JSON.parse(stdout)).toMatchObject([{ conclusion: 'inconclusive', largestAccepted: 1_024, runs: 2 }]);
    expect(stderr).toMatch(/: 1 KiB\n.*: 47.7 MiB\n$/);
    expect(code).toBe(130);
    expect(registry.openSessions).toEqual([]);
  } finally {
    await program.kill();
    await edge.close();
    await registry.close();
  }
});

test('SIGKILL in the middle of a push with a configuration: cleanup finds the upload in the ledger and cancels it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'blobprobe-killed-'));
  const registry = await startRegistry({ bytes: 'discard' });
  const edge = await startEdge({
    upstream: registry.url,
    faults: [{ kind: 'throttle', bytesPerSecond: 500_000, direction: 'request' }],
  });
  const file = join(directory, 'config.yaml');
  writeFileSync(
    file,
    JSON.stringify({
      ledgerFile: join(directory, 'ledger.jsonl'),
      registries: { lab: { repository: 'team/probe', paths: { ingress: { url: edge.url, kind: 'ingress' } } } },
      checks: { small: { size: '100KiB', every: '1m', clients: ['docker'] } },
    }),
  );
  const program = startProgram(main, ['push', `--config.file=${file}`, '--size=50MB']);
  try {
    await eventually(
      'a large upload',
      () => registry.openSessions.some(({ sizeBytes }) => sizeBytes > 100_000),
      program.stderr,
    );
    await program.kill();
    expect(registry.openSessions).toHaveLength(1);
    const { code, stdout } = await startProgram(main, ['cleanup', `--config.file=${file}`]).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'lab/ingress: 1 session removed\n' });
    expect(registry.openSessions).toEqual([]);
  } finally {
    await program.kill();
    await edge.close();
    await registry.close();
    rmSync(directory, { recursive: true });
  }
});
