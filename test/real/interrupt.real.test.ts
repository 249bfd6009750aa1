import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { builtProgram, type Program, startProgram } from '../support/program.ts';
import { describeWithComponents } from '../support/component.ts';
import { type RunningRegistry, startRegistry } from './support/docker-registry.ts';
import { committedDigests, expectNoSessionForgotten, MiB } from './support/expectations.ts';
import { waitFor } from './support/process.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';
import { Opened } from '../support/servers.ts';

const main = builtProgram();
const repository = 'probes/blob';
const opened = new Opened();
afterEach(() => opened.closeAll());

/** When Ctrl-C is pressed, by what the registry has seen. */
const moments: Readonly<Record<string, (registry: RunningRegistry) => boolean>> = {
  'when a session is open': (registry) => registry.sessionStarts().length >= 1,
  'in the middle of a body': (registry) => registry.openSessionBytes(repository) > MiB,
  'after a commit': (registry) => committedDigests(registry).length >= 1,
  'in the third push': (registry) => registry.sessionStarts().length >= 3,
};

/** A small push first where a command makes several, then large ones that take seconds at the configured bandwidth. */
const rows: readonly (readonly [command: string, args: readonly string[], moments: readonly string[]])[] = [
  ['push', ['--size=16MiB'], ['when a session is open', 'in the middle of a body']],
  ['diagnose', ['--size=16MiB', '--quick'], ['in the middle of a body', 'in the third push']],
  ['limit', ['--up-to=16MiB'], ['in the middle of a body', 'after a commit']],
  ['report', ['--size=16MiB', '--small-size=1MiB', '--quick'], ['in the middle of a body', 'in the third push']],
];

function start(
  registry: RunningRegistry,
  command: string,
  args: readonly string[],
): { program: Program; ledger: string } {
  const directory = temporaryDirectory('interrupt');
  const ledger = join(directory.path, 'ledger.jsonl');
  const config = join(directory.path, 'config.yaml');
  const paths = { direct: { url: registry.origin, kind: 'direct' } };
  writeFileSync(
    config,
    JSON.stringify({
      ledgerFile: ledger,
      budget: { bandwidth: '60Mbit/s' },
      registries: { local: { repository, paths } },
      checks: { large: { size: '16MiB', every: '1h', clients: ['docker'] } },
    }),
  );
  const program = startProgram(main, [command, `--config.file=${config}`, ...args]);
  opened.own({ close: directory.remove });
  opened.own({ close: () => program.kill() });
  return { program, ledger };
}

describeWithComponents(['docker-registry'], 'Ctrl-C at a real registry', () => {
  const cases = rows.flatMap(([command, args, at]) => at.map((moment) => [command, moment, args] as const));

  test.each(cases)(
    '%s, %s: ends soon with 130, and nothing is left that the ledger does not name',
    async (command, moment, args) => {
      const registry = opened.own(await startRegistry());
      const { program, ledger } = start(registry, command, args);
      await waitFor(moment, () => moments[moment]?.(registry) ?? false, { timeoutMs: 60_000, details: program.stderr });
      const pressedMs = performance.now();
      program.signal('SIGINT');
      const { code, stderr } = await program.ended;
      expect([code, stderr]).toEqual([130, expect.anything()]);
      expect(performance.now() - pressedMs).toBeLessThan(15_000);
      // Registry 2.8 disowns a session whose body broke off: that is known, and counted.
      await expectNoSessionForgotten(registry, repository);
      const left = registry.openSessions(repository);
      const text = readFileSync(ledger, 'utf8');
      expect(left.filter((session) => !text.includes(session))).toEqual([]);
      const heads = committedDigests(registry).map((digest) =>
        fetch(`${registry.origin}/v2/${repository}/blobs/${digest}`, { method: 'HEAD' }),
      );
      expect((await Promise.all(heads)).filter(({ status }) => status !== 404)).toEqual([]);
    },
  );

  test('a push to a URL: removal is tried again after a while, by `cleanup --url` too, and what the registry keeps is said with its end', async () => {
    const registry = opened.own(await startRegistry());
    const home = temporaryDirectory('interrupt-home');
    opened.own({ close: home.remove });
    const url = `--url=${registry.origin}/${repository}`;
    const cancels = (): number => registry.requests().filter(({ method }) => method === 'DELETE').length;
    const program = startProgram(main, ['push', url, '--size=1GiB'], { HOME: home.path });
    opened.own({ close: () => program.kill() });
    await waitFor('bytes', () => registry.openSessionBytes(repository) > MiB, {
      timeoutMs: 60_000,
      details: program.stderr,
    });
    program.signal('SIGINT');
    const pushed = await program.ended;
    const kept = /1 unfinished upload; the registry refuses to cancel it .* \(docker-registry: after 7 d/;
    expect(pushed).toMatchObject({ code: 130, stderr: expect.stringMatching(kept) });
    await waitFor('both cancellations in the log', () => cancels() >= 2, { timeoutMs: 30_000, details: registry.log });
    const triesOfPush = cancels();
    const cleaned = await startProgram(main, ['cleanup', url], { HOME: home.path }).ended;
    expect(cleaned).toMatchObject({ code: 1, stderr: expect.stringMatching(kept) });
    await waitFor('one more in the log', () => cancels() > triesOfPush, { timeoutMs: 30_000, details: registry.log });
    expect(registry.openSessions(repository)).toHaveLength(1);
  });
});

test.each(['--help', 'clients', 'clients --json', 'schema'])('%s ends quietly when nobody reads on', (args) => {
  const pipe = `"$0" "$1" ${args} | exec 0<&-; exit "\${PIPESTATUS[0]}"`;
  const { status, stderr } = spawnSync('bash', ['-c', pipe, process.execPath, main], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
