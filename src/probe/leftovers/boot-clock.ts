import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A moment on a clock that is never set: it counts from a start of the machine, or of this process where the system names none. */
export interface BootMoment {
  readonly boot: string;
  readonly ms: number;
}

const bootId = readBootId() ?? randomUUID();

/** Now, in whole milliseconds of the kernel's monotonic clock, which a restart of this process does not begin anew. */
export function bootMoment(): BootMoment {
  return { boot: bootId, ms: Number(process.hrtime.bigint() / 1_000_000n) };
}

/** What Linux draws anew at each start (random(4)); undefined elsewhere, or in a sandbox without /proc. */
function readBootId(): string | undefined {
  try {
    const text = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return /^[\w-]{1,64}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
