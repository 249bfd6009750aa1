import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where a kernel keeps control groups of one kind, and the first line to write into a new one. */
export interface GroupPlace {
  readonly base: string;
  readonly limit: readonly [file: string, text: string];
}

/** A control group with its limit not yet written. */
export interface ControlGroup extends GroupPlace {
  readonly folder: string;
}

/** Makes a group in the first place where the limit is known; undefined: not on this machine, or not as this user. */
export function makeControlGroup(places: readonly GroupPlace[]): ControlGroup | undefined {
  for (const place of places) {
    const folder = `${place.base}/blobprobe-test-${process.pid}`;
    try {
      mkdirSync(folder);
      if (existsSync(`${folder}/${place.limit[0]}`)) return { ...place, folder };
      rmdirSync(folder);
    } catch {
      // Not mounted, or read-only.
    }
  }
  return undefined;
}

/** Puts the limit of a group in force. */
export function limitGroup({ folder, limit: [file, text] }: ControlGroup): void {
  writeFileSync(`${folder}/${file}`, text);
}

/** Removes a group whose processes have ended. */
export async function removeControlGroup({ folder }: ControlGroup): Promise<void> {
  // The kernel needs a moment to notice that the group is empty.
  for (let tries = 0; tries < 50 && existsSync(folder); tries += 1) {
    try {
      rmdirSync(folder);
    } catch {
      await sleep(20);
    }
  }
}
