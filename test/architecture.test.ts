import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  codeLines,
  folderOrder,
  importsOf,
  libraryHomes,
  packageName,
  violations,
  type Tree,
} from './support/architecture.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function sourcesUnder(folder: string): Map<string, string> {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).toSorted();
  const files = names.filter((name) => name.endsWith('.ts'));
  return new Map(
    files.map((name) => [
      posix.join(folder, name.replaceAll('\\', '/')),
      readFileSync(join(root, folder, name), 'utf8'),
    ]),
  );
}

function dependenciesOf(packageJson: string): string[] {
  const parsed = JSON.parse(packageJson) as Record<
    'dependencies' | 'optionalDependencies' | 'peerDependencies',
    Record<string, string>
  >;
  return Object.keys({ ...parsed.dependencies, ...parsed.optionalDependencies, ...parsed.peerDependencies });
}

describe('the project', () => {
  const tree: Tree = {
    files: sourcesUnder('src'),
    dependencies: dependenciesOf(readFileSync(join(root, 'package.json'), 'utf8')),
    architectureDoc: readFileSync(join(root, 'docs/architecture.md'), 'utf8'),
  };

  test('keeps the import order, the home of each library and the sizes', () => {
    expect(violations(tree)).toEqual([]);
  });

  test('was read: each folder has files, and each library is found where it is at home', () => {
    for (const folder of folderOrder)
      expect([...tree.files.keys()].filter((file) => file.startsWith(`src/${folder}/`))).not.toEqual([]);
    const used = new Set(
      [...tree.files.values()].flatMap((source) => importsOf(source).map((one) => packageName(one.specifier))),
    );
    expect(tree.dependencies.filter((name) => !used.has(name))).toEqual([]);
    expect(Object.keys(libraryHomes).toSorted()).toEqual(tree.dependencies.toSorted());
  });
});

/** A small tree that keeps all rules; each case below breaks exactly one. */
const sound: Readonly<Record<string, string>> = {
  'src/network/transport.ts': "import { Agent } from 'undici';\nexport const agent = Agent;\n",
  'src/probe/run/run.ts': "import { agent } from '../../network/transport.ts';\nexport const run = agent;\n",
  'src/probe/outcome.ts':
    "import type { agent } from '../network/transport.ts';\nexport type Outcome = typeof agent;\n",
  'src/main.ts': "import { run } from './probe/run/run.ts';\nprocess.exit(run ? 0 : 1);\n",
};

function treeOf(changes: Readonly<Record<string, string>>, rest: Partial<Omit<Tree, 'files'>> = {}): Tree {
  return {
    files: new Map(Object.entries({ ...sound, ...changes })),
    dependencies: ['undici'],
    architectureDoc: '| `undici` | speaks HTTP |\n',
    ...rest,
  };
}

describe('the checker', () => {
  test('finds nothing in a tree that keeps the rules', () => {
    expect(violations(treeOf({}))).toEqual([]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      'an import to the right',
      { 'src/network/x.ts': "import { run } from '../probe/run/run.ts';\nexport const x = run;" },
      'src/network/x.ts: imports src/probe/run/run.ts, which is not on the left of it',
    ],
    [
      'a type import to the right',
      { 'src/network/x.ts': "import type { run } from '../probe/run/run.ts';\nexport type X = typeof run;" },
      'src/network/x.ts: imports src/probe/run/run.ts, which is not on the left of it',
    ],
    [
      'a re-export to the right',
      { 'src/network/x.ts': "export { run } from '../probe/run/run.ts';" },
      'src/network/x.ts: imports src/probe/run/run.ts, which is not on the left of it',
    ],
    [
      'a dynamic import to the right',
      { 'src/network/x.ts': "export const x = await import('../probe/run/run.ts');" },
      'src/network/x.ts: imports src/probe/run/run.ts, which is not on the left of it',
    ],
    [
      'a room of the probe that knows a later one',
      { 'src/probe/judge/x.ts': "import type { run } from '../run/run.ts';\nexport type X = typeof run;" },
      'src/probe/judge/x.ts: imports src/probe/run/run.ts, which is not on the left of it',
    ],
    [
      'a vocabulary that knows what is done with it',
      { 'src/probe/x.ts': "import type { run } from './run/run.ts';\nexport type X = typeof run;" },
      'src/probe/x.ts: imports src/probe/run/run.ts, which is not on the left of it',
    ],
    [
      'a new room of the probe',
      { 'src/probe/extras/x.ts': 'export const x = 1;' },
      'src/probe/extras/x.ts: not in one of the rooms of src/probe',
    ],
    [
      'an import of main.ts',
      { 'src/cli/x.ts': "import '../main.ts';" },
      'src/cli/x.ts: imports src/main.ts, which is not on the left of it',
    ],
    [
      'an import from outside src',
      { 'src/probe/x.ts': "import { violations } from '../../test/support/architecture.ts';" },
      'src/probe/x.ts: imports ../../test/support/architecture.ts, which is no file of src',
    ],
    [
      'a library away from home',
      { 'src/probe/x.ts': "import type { Agent } from 'undici';\nexport type X = Agent;" },
      'src/probe/x.ts: imports undici, whose home is src/network/',
    ],
    [
      'a part of a library away from home',
      { 'src/probe/x.ts': "import Client from 'undici/lib/client.js';\nexport const x = Client;" },
      'src/probe/x.ts: imports undici, whose home is src/network/',
    ],
    [
      'a library that is not installed for users',
      { 'src/probe/x.ts': "import { test } from 'vitest';\nexport const x = test;" },
      'src/probe/x.ts: imports vitest, which is no runtime dependency',
    ],
    [
      'the environment read in the domain',
      { 'src/probe/x.ts': 'export const x = process.env.HOME;' },
      'src/probe/x.ts: process.env only in src/main.ts, src/cli/, src/daemon/, src/config/',
    ],
    [
      'the environment read in a template string',
      { 'src/probe/x.ts': 'export const x = `${process.env.HOME}`;' },
      'src/probe/x.ts: process.env only in src/main.ts, src/cli/, src/daemon/, src/config/',
    ],
    [
      'the process imported',
      { 'src/probe/x.ts': "import { argv } from 'node:process';\nexport const x = argv;" },
      'src/probe/x.ts: node:process only in src/main.ts, src/cli/, src/daemon/, src/config/',
    ],
    [
      'a barrel',
      { 'src/probe/run/index.ts': "export { run } from './run.ts';" },
      'src/probe/run/index.ts: no barrels: import from the file itself',
    ],
    [
      'a utils folder',
      { 'src/registry/utils/x.ts': 'export const x = 1;' },
      'src/registry/utils/x.ts: a folder is named after what it does in a run, not utils/',
    ],
    ['a new folder', { 'src/extras/x.ts': 'export const x = 1;' }, 'src/extras/x.ts: not in one of the folders of src'],
    ['a file beside main.ts', { 'src/x.ts': 'export const x = 1;' }, 'src/x.ts: not in one of the folders of src'],
    [
      'a long file',
      { 'src/probe/x.ts': 'export const x = 1;\n// why\n\n'.repeat(201) },
      'src/probe/x.ts: 201 code lines, at most 200',
    ],
    [
      'a cycle',
      {
        'src/probe/x.ts': "import { y } from './y.ts';\nexport const x = y;",
        'src/probe/y.ts': "import { x } from './x.ts';\nexport const y = x;",
      },
      'cycle: src/probe/x.ts → src/probe/y.ts → src/probe/x.ts',
    ],
    [
      'a cycle of types',
      {
        'src/probe/x.ts': "import type { Y } from './y.ts';\nexport type X = Y | 1;",
        'src/probe/y.ts': "import type { X } from './x.ts';\nexport type Y = X | 2;",
      },
      'cycle: src/probe/x.ts → src/probe/y.ts → src/probe/x.ts',
    ],
  ])('finds %s', (_name, changes, expected) => {
    expect(violations(treeOf(changes))).toEqual([expected]);
  });

  test('finds a dependency without a reason and one without a home', () => {
    expect(violations(treeOf({}, { architectureDoc: 'We use `undici` a lot.' }))).toEqual([
      'package.json: undici has no line in docs/architecture.md',
    ]);
    const lodash = { dependencies: ['undici', 'lodash'], architectureDoc: '- `undici`: HTTP\n- `lodash`: habit\n' };
    expect(violations(treeOf({}, lodash))).toEqual(['package.json: lodash has no home in the list of libraries']);
  });

  test('is not misled by comments, strings and types', () => {
    const source = [
      "// import { run } from '../probe/run/run.ts';",
      "/* process.env, import 'undici' */",
      "export const text = 'process.env // no comment', url = 'http://x';",
      "export const pattern = /[/'*]/; // process.exit",
      "import type { Agent } from 'undici';",
      'export type X = Agent;',
    ].join('\n');
    expect(violations(treeOf({ 'src/network/x.ts': source }))).toEqual([]);
    expect(importsOf(source)).toEqual([{ specifier: 'undici' }]);
    expect(codeLines(source)).toBe(4);
  });
});
