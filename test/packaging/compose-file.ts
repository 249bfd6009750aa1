import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly build?: { readonly context: string; readonly args?: Readonly<Record<string, string>> };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes?: Readonly<Record<string, object>>;
}

export function readCompose(path: string): ComposeFile {
  return parse(readFileSync(join(root, path), 'utf8')) as ComposeFile;
}

/** A file or folder of this repository that a service sees, and where. */
export interface BindMount {
  readonly source: string;
  readonly target: string;
}

/** Named volumes left out. Sources count from the repository's root, where the first compose file stands. */
export function bindMounts({ volumes = [] }: ComposeService): BindMount[] {
  return volumes
    .map((volume) => volume.split(':'))
    .filter(([source = '']) => source.startsWith('.'))
    .map(([source = '', target = '']) => ({ source: join(root, source), target }));
}

export function namedVolumes({ volumes = [] }: ComposeService): string[] {
  return volumes.map((volume) => volume.split(':')[0] ?? '').filter((source) => !source.startsWith('.'));
}
