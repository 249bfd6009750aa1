import { posix } from 'node:path';

/** The folders of `src`, in the order of one probe: a file imports from its own folder or from folders on the left. */
export const folderOrder = [
  'network',
  'registry',
  'probe',
  'publish',
  'schedule',
  'server',
  'config',
  'kubernetes',
  'lab',
  'daemon',
  'cli',
] as const;

/**
 * The rooms of `src/probe`, in groups: a file imports from rooms of its own group or of groups on the left. The vocabulary (files of
 * `probe/` itself) belongs to the first group.
 */
const probeOrder: readonly (readonly string[])[] = [
  ['clients', 'judge', 'leftovers'],
  ['run'],
  ['compare', 'limits', 'diagnose'],
  ['advise', 'explain'],
];

/** Where a runtime dependency may be imported: folders of `src`, or `src/main.ts`. One home for each library keeps it replaceable. */
export const libraryHomes: Readonly<Record<string, readonly string[]>> = {
  undici: ['src/network/'],
  'prom-client': ['src/publish/'],
  fastify: ['src/server/', 'src/lab/'],
  yaml: ['src/config/'],
  zod: ['src/config/', 'src/publish/api/'],
  pino: ['src/daemon/'],
  bcryptjs: ['src/server/'],
  koffi: ['src/network/kernel/'],
  '@kubernetes/client-node': ['src/kubernetes/'],
  '@fastify/fast-json-stringify-compiler': ['src/server/'],
  'close-with-grace': ['src/daemon/', 'src/main.ts'],
};

/** Where the process's own arguments, environment and exit code may be read or set. */
const processHomes = ['src/main.ts', 'src/cli/', 'src/daemon/', 'src/config/'];

const maxCodeLines = 200;

export interface Tree {
  /** Sources by path from the project's root, for example `src/probe/check.ts`. */
  readonly files: ReadonlyMap<string, string>;
  readonly dependencies: readonly string[];
  /** Text of `docs/architecture.md`. */
  readonly architectureDoc: string;
}

export interface Import {
  readonly specifier: string;
}

/** Everything in the tree that breaks a rule of CONTRIBUTING.md, one sentence each, in the order of the files. Pure. */
export function violations(tree: Tree): string[] {
  const found: string[] = [];
  for (const [file, source] of tree.files) {
    found.push(...placeViolations(file), ...sizeViolations(file, source), ...processViolations(file, source));
    for (const used of importsOf(source)) found.push(...importViolations(file, used.specifier, tree));
  }
  found.push(...cycleViolations(tree.files), ...dependencyViolations(tree));
  return found;
}

function placeViolations(file: string): string[] {
  const found: string[] = [];
  const folders = file.split('/').slice(1, -1);
  if (file !== 'src/main.ts' && rank(file) === undefined) found.push(`${file}: not in one of the folders of src`);
  if (probeGroup(file) < 0) found.push(`${file}: not in one of the rooms of src/probe`);
  if (folders.some((name) => /^(utils?|helpers?|common|lib|shared|misc|types)$/.test(name)))
    found.push(`${file}: a folder is named after what it does in a run, not ${folders.at(-1)}/`);
  if (posix.basename(file).startsWith('index.')) found.push(`${file}: no barrels: import from the file itself`);
  return found;
}

function sizeViolations(file: string, source: string): string[] {
  const lines = codeLines(source);
  return lines > maxCodeLines ? [`${file}: ${lines} code lines, at most ${maxCodeLines}`] : [];
}

function processViolations(file: string, source: string): string[] {
  if (isAt(file, processHomes)) return [];
  const found: string[] = [];
  const code = withoutStrings(withoutComments(source));
  for (const match of code.matchAll(/\bprocess\s*\??\.\s*(argv|env|exit|exitCode)\b/g))
    found.push(`${file}: process.${match[1]} only in ${processHomes.join(', ')}`);
  if (importsOf(source).some(({ specifier }) => /^(node:)?process$/.test(specifier)))
    found.push(`${file}: node:process only in ${processHomes.join(', ')}`);
  return found;
}

function importViolations(file: string, specifier: string, tree: Tree): string[] {
  if (specifier.startsWith('node:')) return [];
  if (!specifier.startsWith('.')) return libraryViolations(file, packageName(specifier), tree.dependencies);
  const target = resolved(file, specifier);
  if (!tree.files.has(target)) return [`${file}: imports ${specifier}, which is no file of src`];
  const from = rank(file);
  const to = rank(target);
  if (file === 'src/main.ts') return [];
  const isLeft = from !== undefined && to !== undefined && to <= from && probeGroup(target) <= probeGroup(file);
  return isLeft ? [] : [`${file}: imports ${target}, which is not on the left of it`];
}

function libraryViolations(file: string, library: string, dependencies: readonly string[]): string[] {
  if (!dependencies.includes(library)) return [`${file}: imports ${library}, which is no runtime dependency`];
  const homes = libraryHomes[library] ?? [];
  return isAt(file, homes) ? [] : [`${file}: imports ${library}, whose home is ${homes.join(', ') || 'not decided'}`];
}

function dependencyViolations(tree: Tree): string[] {
  const found: string[] = [];
  for (const name of tree.dependencies) {
    if (libraryHomes[name] === undefined) found.push(`package.json: ${name} has no home in the list of libraries`);
    const line = new RegExp(`^[-*|]\\s*\`${escaped(name)}\`.*\\w{3}`, 'm');
    if (!line.test(tree.architectureDoc)) found.push(`package.json: ${name} has no line in docs/architecture.md`);
  }
  return found;
}

/** Imports, of types too, that lead back to where they started; each cycle is named once, from its first file on. */
function cycleViolations(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) found.push(`cycle: ${[...trail.slice(start), file].join(' → ')}`);
    if (start >= 0 || done.has(file)) return;
    for (const used of importsOf(files.get(file) ?? '')) {
      const isOurs = used.specifier.startsWith('.');
      if (isOurs) visit(resolved(file, used.specifier), [...trail, file]);
    }
    done.add(file);
  };
  for (const file of files.keys()) visit(file, []);
  return found;
}

/** All static, re-exporting, side-effect, dynamic and CommonJS imports of a source text. */
export function importsOf(source: string): Import[] {
  const code = withoutComments(source);
  const found: Import[] = [];
  for (const match of code.matchAll(/\b(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/g))
    found.push({ specifier: match[1]! });
  for (const match of code.matchAll(/\b(?:import|require)\s*\(?\s*['"]([^'"]+)['"]/g))
    found.push({ specifier: match[1]! });
  return found;
}

/** Lines that hold more than white space and comments, as lint's `max-lines` counts them. */
export function codeLines(source: string): number {
  return withoutComments(source)
    .split('\n')
    .filter((line) => line.trim() !== '').length;
}

const token =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|(?<regex>(?<=(?:^|[=(,:[!&|?{};+\n]|\breturn|=>)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*)/g;

/** The source with comments blanked; line breaks stay, strings and regular expressions that look like comments do too. */
export function withoutComments(source: string): string {
  return source.replace(token, (text, ...rest) => {
    const groups = rest.at(-1) as { comment?: string };
    return groups.comment === undefined ? text : text.replace(/[^\n]/g, ' ');
  });
}

/** The source with the contents of quoted strings blanked; template strings stay, since they may hold code. */
function withoutStrings(source: string): string {
  return source.replace(token, (text, ...rest) => {
    const groups = rest.at(-1) as { string?: string };
    return groups.string === undefined || text.startsWith('`') ? text : "''";
  });
}

function rank(file: string): number | undefined {
  if (file === 'src/main.ts') return folderOrder.length;
  const index = folderOrder.indexOf(file.split('/')[1] as (typeof folderOrder)[number]);
  return index < 0 || !file.startsWith('src/') ? undefined : index;
}

/** The group of a file's room within `src/probe`; files of other folders use all of it. */
function probeGroup(file: string): number {
  const [, folder, room, more] = file.split('/');
  if (folder !== 'probe')
    return file.startsWith('src/') && rank(file)! > folderOrder.indexOf('probe') ? probeOrder.length : 0;
  return more === undefined ? 0 : probeOrder.findIndex((rooms) => rooms.includes(room!));
}

function resolved(file: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(file), specifier));
}

export function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}

function isAt(file: string, homes: readonly string[]): boolean {
  return homes.some((home) => (home.endsWith('/') ? file.startsWith(home) : file === home));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
