import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './compose-file.ts';

/** A command that a document tells its reader to type. */
export interface DocCommand {
  readonly file: string;
  readonly command: string;
}

/** Why a command of the documents cannot be run by a test; all others are run. */
const notHere: readonly (readonly [RegExp, string])[] = [
  [/^docker /, 'needs a Docker daemon and images that are pulled'],
  [/^kubectl /, 'needs a cluster'],
  [/^helm (upgrade|install) /, 'needs a cluster'],
  [/^cosign /, 'needs a published image'],
  [/^(npm install --global|npx) blobprobe/, 'needs a published package'],
  [/^npm install --global /, 'changes the host, and fetches packages'],
  [/^(systemctl|install) /, 'changes the host'],
  [
    /^npm (ci && npm test|run (check|test|test:lab|test:real|test:under-load|mutants|bench|generate))/,
    'is what continuous integration runs',
  ],
  [/^npm run faults -- --seeds/, 'takes half an hour; continuous integration runs a few of these seeds'],
  [/^(BLOBPROBE_REQUIRE_COMPONENTS=1 )?npm (test|run test|run test:real)/, 'is what continuous integration runs'],
];

/** The documents of users, not those of developers. */
export function documents(): string[] {
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', 'helm/blobprobe/README.md', ...docs.map((name) => `docs/${name}`)];
}

/** All commands of ```sh blocks, continued lines joined, comments left out. */
export function commandsOf(file: string): DocCommand[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) =>
    block
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      // A quoted argument may go over lines.
      .reduce<string[]>((lines, line) => {
        const last = lines.at(-1);
        const open = last !== undefined && (last.match(/'/g) ?? []).length % 2 === 1;
        return open ? [...lines.slice(0, -1), `${last}\n${line}`] : [...lines, line];
      }, [])
      .map((command) => ({ file, command })),
  );
}

export function reasonNotToRun({ command }: DocCommand): string | undefined {
  return notHere.find(([pattern]) => pattern.test(command))?.[1];
}

/** The ```yaml block that starts with a comment that names the file. Throws when there is none. */
export function yamlBlock(file: string, name: string): string {
  const text = readFileSync(join(root, file), 'utf8');
  const block = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].find(([, one = '']) => one.startsWith(`# ${name}`))?.[1];
  if (block === undefined) throw new Error(`${file} has no block for ${name}`);
  return block;
}
