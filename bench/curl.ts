import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureProgram } from './programs.ts';

const MiB = 1024 * 1024;

/** What makes curl send a body in chunks, as docker does; without, it sends its length. */
export const chunkedByCurl = ['-X', 'PATCH', '-H', 'Transfer-Encoding: chunked'] as const;

/** A file for curl to send, which takes no room on the disk. */
export async function writeZeros(directory: string, sizeMiB: number): Promise<string> {
  const file = join(directory, 'zeros');
  writeFileSync(file, '');
  truncateSync(file, sizeMiB * MiB);
  // Into the page cache: curl is not to wait for a file system that fills holes.
  await measureProgram('dd', [`if=${file}`, 'of=/dev/null', 'bs=1M']);
  return file;
}

/** Sends a file to the sink; its own start is in its processor time. undefined when curl is not installed. */
export async function uploadByCurl(
  origin: string,
  file: string,
  flags: readonly string[],
): Promise<{ readonly bytesPerSecond: number; readonly cpuSeconds: number } | undefined> {
  const target = `${origin}/v2/bench/blob/blobs/uploads/curl?digest=sha256:0`;
  const always = ['--silent', '--fail', '-H', 'Expect:', '-w', '%{speed_upload}'];
  const cost = await measureProgram('curl', [...always, ...flags, '-T', file, target]);
  return cost && { bytesPerSecond: Number(cost.output), cpuSeconds: cost.cpuSeconds };
}
