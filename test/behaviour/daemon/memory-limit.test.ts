import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startRegistry } from '../../support/lab/registry.ts';
import { startProcess } from '../../real/support/process.ts';
import { describeWhere } from '../../support/component.ts';
import { limitGroup, makeControlGroup, removeControlGroup } from '../../support/control-group.ts';
import { builtProgram, eventually } from '../../support/program.ts';

const limitBytes = 128 * 1024 * 1024;
const pathCount = 20;
const sizeBytes = 32 * 1024 * 1024;

const group = makeControlGroup([
  { base: '/sys/fs/cgroup/memory', limit: ['memory.limit_in_bytes', String(limitBytes)] },
  { base: '/sys/fs/cgroup', limit: ['memory.max', String(limitBytes)] },
]);

/** How many processes of the group the kernel has killed for want of memory. */
function killed(folder: string): number {
  const file = group?.limit[0] === 'memory.max' ? 'memory.events' : 'memory.oom_control';
  return Number(/^oom_kill (\d+)$/m.exec(readFileSync(`${folder}/${file}`, 'utf8'))?.[1]);
}

describeWhere(group !== undefined, 'cgroup-memory', 'a container of 128 MiB', () => {
  test('pushes 20 times 32 MiB and lives', async () => {
    const { folder } = group!;
    const registry = await startRegistry({ bytes: 'discard' });
    const files = mkdtempSync(join(tmpdir(), 'blobprobe-memory-'));
    const config = join(files, 'config.yaml');
    // One round over all of them, back to back.
    const paths = Object.fromEntries(
      Array.from({ length: pathCount }, (_, at) => [`path${at}`, { url: registry.url }]),
    );
    const checks = { large: { size: '32MiB', every: '1h', timeout: '60s', clients: ['docker'] } };
    writeFileSync(config, JSON.stringify({ registries: { lab: { repository: 'team/probe', paths } }, checks }));
    limitGroup(group!);
    const flags = ['serve', `--config.file=${config}`, '--web.listen-address=127.0.0.1:0'];
    const enter = ['-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', folder];
    const program = await startProcess('sh', [...enter, process.execPath, builtProgram(), ...flags], {
      env: { PATH: process.env['PATH'] },
    });
    try {
      const url = await eventually(
        'listening line',
        () => /msg=listening address=(\S+)/.exec(program.output())?.[1],
        program.output,
      );
      expect(readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n')).toContain(String(program.pid));
      const runs = await eventually(
        'all runs',
        async () => {
          if (!program.isRunning()) throw new Error(`it ended: ${await program.exited}`);
          const answer = await fetch(`http://${url}/api/v1/runs`);
          const { runs: ended } = (await answer.json()) as { runs: { ok: boolean; sentBytes: number }[] };
          return ended.length >= pathCount && ended;
        },
        program.output,
        120_000,
      );
      expect(runs.filter(({ ok }) => !ok)).toEqual([]);
      expect(runs.map((run) => run.sentBytes)).toEqual(Array<number>(pathCount).fill(sizeBytes));
      expect(killed(folder)).toBe(0);
      expect(await program.stop()).toBe(0);
    } finally {
      await program.stop('SIGKILL');
      await removeControlGroup(group!);
      await registry.close();
      rmSync(files, { recursive: true });
    }
  });
});
