import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEdge } from '../../src/demo/edge.ts';
import { startRegistry } from '../../src/demo/registry.ts';
import { type BuiltProgram, buildProgram, eventually, startProgram } from './program.ts';

let built: BuiltProgram;
beforeAll(() => {
  built = buildProgram();
}, 120_000);
afterAll(() => built.remove());

test('Ctrl-C in the middle of a try: the upload is cancelled, what is known is said, exit code 130', async () => {
  const registry = await startRegistry({ bytes: 'discard' });
  const edge = await startEdge({
    upstream: registry.url,
    faults: [{ kind: 'throttle', bytesPerSecond: 500_000, direction: 'request' }],
  });
  const args = ['limit', `--url=${edge.url}`, '--only=size', '--up-to=50MB', '--json'];
  const program = startProgram(built.main, args);
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
}, 60_000);
