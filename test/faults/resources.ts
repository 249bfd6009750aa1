import { readdirSync, readlinkSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a process holds. */
export interface Resources {
  /** Kinds of Node's active handles and requests, with their number. */
  readonly handles: ReadonlyMap<string, number>;
  /** Open file descriptors by what they are (`socket`, `pipe`, a file's name); empty where there is no `/proc`. */
  readonly descriptors: ReadonlyMap<string, number>;
}

export function resourcesNow(): Resources {
  return { handles: counted(process.getActiveResourcesInfo()), descriptors: counted(openDescriptors()) };
}

/** Descriptors of the process, of which that of the listing itself is not one. */
function openDescriptors(): string[] {
  try {
    return readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        const target = readlinkSync(`/proc/self/fd/${fd}`);
        return target.endsWith('/fd') ? [] : [target.replace(/:\[\d+\]$/, '')];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** What `after` holds beyond `before`, one line each; `ignored`: kinds that come and go without anybody's doing. */
export function moreThanBefore(before: Resources, after: Resources, ignored: readonly string[] = []): string[] {
  const lines: string[] = [];
  for (const what of ['handles', 'descriptors'] as const) {
    for (const [name, count] of after[what]) {
      const was = before[what].get(name) ?? 0;
      if (count > was && !ignored.includes(name)) lines.push(`${what}: ${name} ${was} before, ${count} after`);
    }
  }
  return lines;
}

/** Bytes on the heap and in buffers after a full collection. */
export function memoryBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
