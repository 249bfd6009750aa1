import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the repository, whether this file runs as it is or compiled. */
export const repositoryFolder = folderWith('package.json', dirname(fileURLToPath(import.meta.url)));

/** The built program. */
export const builtProgram = join(repositoryFolder, 'dist/main.js');

function folderWith(file: string, folder: string): string {
  return existsSync(join(folder, file)) || folder === '/' ? folder : folderWith(file, dirname(folder));
}
