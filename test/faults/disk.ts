import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { DiskMode } from './plan.ts';

/** The file system under one folder, as this process sees it. Root passes every permission, so refusals are made here. */
export interface Disk {
  setMode(mode: DiskMode): void;
  /** Everything is as before. */
  restore(): void;
}

/**
 * From now on, files below `folder` fail as the mode says: `full`: ENOSPC on each write; `torn`: half of each write arrives;
 * `broken`: files cannot be opened (EROFS) and writes to open ones fail (EIO). Synchronous writes and `fs/promises.open` only:
 * what the ledger uses.
 */
export function breakableDisk(folder: string): Disk {
  const real = { openSync: fs.openSync, writeSync: fs.writeSync, closeSync: fs.closeSync, open: fs.promises.open };
  const ours = new Set<number>();
  let mode: DiskMode = 'fine';
  const isOurs = (name: unknown): boolean => typeof name === 'string' && name.startsWith(folder);
  const fail = (code: string): never => {
    throw Object.assign(new Error(`${code}: made by the test`), { code });
  };

  fs.openSync = ((name: fs.PathLike, ...rest: [fs.OpenMode, fs.Mode?]) => {
    if (isOurs(name) && mode === 'broken') fail('EROFS');
    const fd = real.openSync(name, ...rest);
    if (isOurs(name)) ours.add(fd);
    return fd;
  }) as typeof fs.openSync;
  fs.closeSync = (fd) => {
    ours.delete(fd);
    real.closeSync(fd);
  };
  fs.writeSync = ((fd: number, data: Buffer | string, ...rest: []) => {
    if (!ours.has(fd) || mode === 'fine') return real.writeSync(fd, data as Buffer, ...rest);
    if (mode === 'full') fail('ENOSPC');
    if (mode === 'broken') fail('EIO');
    const bytes = Buffer.from(data as Buffer);
    return real.writeSync(fd, bytes, 0, Math.floor(bytes.length / 2));
  }) as typeof fs.writeSync;
  fs.promises.open = (name, ...rest) => {
    if (isOurs(name) && mode !== 'fine') fail(mode === 'broken' ? 'EROFS' : 'ENOSPC');
    return real.open(name, ...rest);
  };
  syncBuiltinESMExports();
  return {
    setMode: (next) => (mode = next),
    restore() {
      Object.assign(fs, { openSync: real.openSync, writeSync: real.writeSync, closeSync: real.closeSync });
      fs.promises.open = real.open;
      syncBuiltinESMExports();
    },
  };
}
