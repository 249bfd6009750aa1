import { readFileSync } from 'node:fs';
import type { BuildInfo } from '../publish/build-info.ts';

export function buildInfo(env: Readonly<Record<string, string | undefined>>): BuildInfo {
  // The same two levels up from src/cli/ and from dist/cli/.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return { version, revision: env['BLOBPROBE_REVISION'] ?? 'unknown', nodeVersion: process.version };
}

/** As Prometheus's tools print it. */
export function versionLine(env: Readonly<Record<string, string | undefined>>): string {
  const { version, revision, nodeVersion } = buildInfo(env);
  return `blobprobe, version ${version} (revision: ${revision}, node: ${nodeVersion})`;
}
