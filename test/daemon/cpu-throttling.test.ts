import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { ThrottlingWatch } from '../../src/daemon/cpu-throttling.ts';
import { describeWhere } from '../support/component.ts';
import { limitGroup, makeControlGroup, removeControlGroup } from '../support/control-group.ts';

function filesOf(files: Readonly<Record<string, string>>) {
  return { read: (file: string) => files[file] };
}

const v2Mount = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';
const v2Stat = (periods: number, us: number): string =>
  `usage_usec 9\nuser_usec 5\nnr_periods 90\nnr_throttled ${periods}\nthrottled_usec ${us}\n`;

describe('what the kernel tells', () => {
  test('cgroup v2 in a container: its own group is the root it sees', () => {
    const files = filesOf({
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': v2Mount,
      '/sys/fs/cgroup/cpu.stat': v2Stat(7, 123_456),
    });
    expect(new ThrottlingWatch(files).read()).toEqual({ periods: 7, ms: 123.456 });
  });

  test('cgroup v2 on a host: a limit on a group above stops this one, too', () => {
    const files = filesOf({
      '/proc/self/cgroup': '0::/system.slice/blobprobe.service\n',
      '/proc/self/mountinfo': v2Mount,
      '/sys/fs/cgroup/system.slice/blobprobe.service/cpu.stat': v2Stat(1, 1_000),
      '/sys/fs/cgroup/system.slice/cpu.stat': v2Stat(2, 2_000),
      '/sys/fs/cgroup/cpu.stat': 'usage_usec 9\n',
    });
    expect(new ThrottlingWatch(files).read()).toEqual({ periods: 3, ms: 3 });
  });

  test('cgroup v1, the group of the container mounted as the root', () => {
    const files = filesOf({
      '/proc/self/cgroup': '5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n',
      '/proc/self/mountinfo':
        '40 30 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n' +
        '41 30 0:31 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.stat': 'nr_periods 10\nnr_throttled 4\nthrottled_time 250000000\n',
    });
    expect(new ThrottlingWatch(files).read()).toEqual({ periods: 4, ms: 250 });
  });

  test.each([
    ['no such files', {}],
    [
      'no CPU controller',
      { '/proc/self/cgroup': '0::/\n', '/proc/self/mountinfo': v2Mount, '/sys/fs/cgroup/cpu.stat': 'usage_usec 9\n' },
    ],
    ['no mount', { '/proc/self/cgroup': '0::/\n', '/proc/self/mountinfo': '' }],
  ])('%s: unknown, not zero', (_name, files: Record<string, string>) => {
    expect(new ThrottlingWatch(filesOf(files)).read()).toBeUndefined();
    expect(new ThrottlingWatch(filesOf(files)).start()()).toBeUndefined();
  });

  test('a watch gives what was added since it began', () => {
    let stat = v2Stat(5, 50_000);
    const files = { '/proc/self/cgroup': '0::/\n', '/proc/self/mountinfo': v2Mount };
    const reads: string[] = [];
    const watch = new ThrottlingWatch({
      read(file) {
        reads.push(file);
        return file.endsWith('cpu.stat') ? stat : files[file as keyof typeof files];
      },
    });
    const end = watch.start();
    stat = v2Stat(8, 350_000);
    expect(end()).toEqual({ periods: 3, ms: 300 });
    watch.start();
    // The next watch asks for the groups, which may be others by now, and for the long table of mounts only then.
    expect(reads.filter((file) => file.endsWith('cgroup'))).toHaveLength(2);
    expect(reads.filter((file) => file.endsWith('mountinfo'))).toHaveLength(1);
  });
});

const group = makeControlGroup([
  { base: '/sys/fs/cgroup/cpu', limit: ['cpu.cfs_quota_us', '5000'] },
  { base: '/sys/fs/cgroup/cpu,cpuacct', limit: ['cpu.cfs_quota_us', '5000'] },
  { base: '/sys/fs/cgroup', limit: ['cpu.max', '5000 100000'] },
]);

describeWhere(group !== undefined, 'cgroup-cpu', 'a real limit', () => {
  test('is seen of a real process', async () => {
    const { folder } = group!;
    const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    try {
      limitGroup(group!);
      writeFileSync(`${folder}/cgroup.procs`, String(child.pid));
      const startMs = performance.now();
      const end = new ThrottlingWatch({
        read: (file) => readFileSync(file.replace('/proc/self/', `/proc/${child.pid}/`), 'utf8'),
      }).start();
      await expect.poll(() => end()?.ms).toBeGreaterThan(500);
      const throttled = end();
      // 5 ms of each 100 ms are its own: that takes five periods and more. Each processor is stopped no longer than it took, but for the period under way.
      expect(throttled?.periods).toBeGreaterThanOrEqual(5);
      expect(throttled?.ms).toBeLessThan(availableParallelism() * (performance.now() - startMs) + 100);
    } finally {
      child.kill('SIGKILL');
      await ended;
      await removeControlGroup(group!);
    }
  });
});
