import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import type { CpuThrottling } from '../probe/outcome.ts';

/** Where the kernel tells about this process; replaced by tests. */
interface KernelFiles {
  /** Text of a file, or undefined when it cannot be read. */
  read(file: string): string | undefined;
}

const kernel: KernelFiles = {
  read(file) {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return undefined;
    }
  },
};

/**
 * Watches how long this process's control groups keep it from the CPU. The group itself and all visible groups above it are added up,
 * because a limit on any of them stops all of it. Small files are read, nothing runs in between.
 */
export class ThrottlingWatch {
  readonly #files: KernelFiles;
  #groups: string | undefined;
  #statFiles: readonly string[] = [];

  constructor(files: KernelFiles = kernel) {
    this.#files = files;
  }

  /** Begins. The returned function ends it: what was added since, or undefined where the kernel does not say (no Linux, no CPU controller). */
  start(): () => CpuThrottling | undefined {
    // The same files at both ends: sums of two groups cannot be compared, should the process be moved.
    const statFiles = this.#current();
    const before = sumOf(this.#files, statFiles);
    return () => {
      const after = before === undefined ? undefined : sumOf(this.#files, statFiles);
      return before === undefined || after === undefined
        ? undefined
        : { periods: Math.max(0, after.periods - before.periods), ms: Math.max(0, after.ms - before.ms) };
    };
  }

  /** Sums since the groups were made; undefined: none of them tells. */
  read(): CpuThrottling | undefined {
    return sumOf(this.#files, this.#current());
  }

  /** The table of mounts is long, and read again only when the process has been moved to another group. */
  #current(): readonly string[] {
    const groups = this.#files.read('/proc/self/cgroup') ?? '';
    if (groups !== this.#groups) this.#statFiles = cpuStatFiles(groups, this.#files);
    this.#groups = groups;
    return this.#statFiles;
  }
}

function sumOf(files: KernelFiles, statFiles: readonly string[]): CpuThrottling | undefined {
  const listed = statFiles.flatMap((file) => throttlingOf(files.read(file) ?? ''));
  return listed.length === 0
    ? undefined
    : listed.reduce((sum, one) => ({ periods: sum.periods + one.periods, ms: sum.ms + one.ms }));
}

/** `cpu.stat` as cgroup v2 (microseconds) or v1 (nanoseconds) writes it; nothing where no limit can be set. */
function throttlingOf(text: string): readonly CpuThrottling[] {
  let periods: number | undefined;
  let ms: number | undefined;
  for (const [, name, digits] of text.matchAll(/^(nr_throttled|throttled_usec|throttled_time) (\d+)$/gm)) {
    const value = Number(digits);
    if (name === 'nr_throttled') periods = value;
    else ms = name === 'throttled_usec' ? value / 1e3 : value / 1e6;
  }
  return periods === undefined || ms === undefined ? [] : [{ periods, ms }];
}

/** `cpu.stat` of the own group and of those above it, as far as they are mounted here; see cgroups(7). */
function cpuStatFiles(listed: string, files: KernelFiles): string[] {
  const groups = listed.split('\n').map((line) => line.split(':'));
  const mounts = (files.read('/proc/self/mountinfo') ?? '').split('\n').map(parseMount);
  return groups.flatMap(([id = '', controllers = '', ...rest]) => {
    const unified = id === '0' && controllers === '';
    if (!unified && !controllers.split(',').includes('cpu')) return [];
    const mount = mounts.find(({ type, options }) =>
      unified ? type === 'cgroup2' : type === 'cgroup' && options.includes('cpu'),
    );
    return mount === undefined ? [] : upwards(mount, rest.join(':')).map((folder) => posix.join(folder, 'cpu.stat'));
  });
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** One line of mountinfo, proc(5): `31 23 0:28 ROOT POINT OPTIONS … - TYPE SOURCE SUPEROPTIONS`. */
function parseMount(line: string): Mount {
  const [head = '', tail = ''] = line.split(' - ');
  const [, , , root = '', point = ''] = head.split(' ');
  const [type = '', , options = ''] = tail.split(' ');
  return { root, point, type, options: options.split(',') };
}

/** Folders of a group and of those above it, up to where the hierarchy is mounted. */
function upwards({ root, point }: Mount, group: string): string[] {
  // A container that sees its own group as the root, or as another's: what is mounted is then the own one.
  const inside = root === '/' ? group : group.startsWith(`${root}/`) ? group.slice(root.length) : '/';
  const folders: string[] = [];
  for (let at = posix.normalize(`/${inside}`); ; at = posix.dirname(at)) {
    folders.push(posix.join(point, at));
    if (at === '/') return folders;
  }
}
