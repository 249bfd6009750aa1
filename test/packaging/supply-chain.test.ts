import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from './compose-file.ts';

interface LockedPackage {
  readonly version: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
  readonly license?: string;
  readonly link?: boolean;
}

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const lock = JSON.parse(read('package-lock.json')) as {
  lockfileVersion: number;
  packages: Readonly<Record<string, LockedPackage>>;
};
const manifest = JSON.parse(read('package.json')) as Record<
  'dependencies' | 'devDependencies' | 'optionalDependencies' | 'peerDependencies',
  Record<string, string>
>;
const locked = Object.entries(lock.packages).filter(([place]) => place !== '');
const shipped = locked.filter(([, { dev, devOptional }]) => dev !== true && devOptional !== true);

describe('the lock file', () => {
  test('names the content of every package, those of other platforms as well', () => {
    expect(lock.lockfileVersion).toBe(3);
    expect(locked.filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-')).map(([place]) => place)).toEqual(
      [],
    );
  });

  test('has no package that wants to run a script when it is installed, but one that is optional and works without', () => {
    const wanting = locked.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    expect(wanting.map(([place, { optional }]) => [place, optional])).toEqual([['node_modules/koffi', true]]);
  });

  test('is what package.json asks for, which names exact versions', () => {
    for (const [name, version] of Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    })) {
      expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
      expect([name, lock.packages[`node_modules/${name}`]?.version]).toEqual([name, version]);
    }
  });
});

describe('licences', () => {
  const forShipping = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause'];
  const forTools = [
    ...forShipping,
    'MPL-2.0',
    'CC0-1.0',
    '0BSD',
    'MIT OR Apache-2.0',
    'BlueOak-1.0.0',
    'CC-BY-4.0',
    'Python-2.0',
    'Unlicense',
  ];

  function licenceOf(place: string, { license }: LockedPackage): string {
    const file = join(root, place, 'package.json');
    // What is installed says it itself; what belongs to other platforms is known from the lock file.
    const own = existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as { license?: unknown }).license
      : undefined;
    return typeof own === 'string' ? own : String(license);
  }

  test('of what is shipped let it be shipped under Apache-2.0', () => {
    const others = shipped.filter(([place, one]) => !forShipping.includes(licenceOf(place, one)));
    expect(others.map(([place, one]) => `${place}: ${licenceOf(place, one)}`)).toEqual([]);
    expect(shipped.length).toBeGreaterThan(Object.keys(manifest.dependencies).length);
  });

  test('of the tools are known', () => {
    const others = locked.filter(([place, one]) => !forTools.includes(licenceOf(place, one)));
    expect(others.map(([place, one]) => `${place}: ${licenceOf(place, one)}`)).toEqual([]);
  });
});

describe('the bill of materials', () => {
  test('can be made offline, and has what is shipped with version, licence and checksum', () => {
    const { stdout, stderr, status } = spawnSync(join(root, '.ci/sbom'), { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')]);
    const { bomFormat, metadata, components } = JSON.parse(stdout) as {
      bomFormat: string;
      metadata: { component: { purl: string } };
      components: { name: string; version: string; purl: string; hashes?: { alg: string }[]; licenses?: unknown[] }[];
    };
    expect([bomFormat, metadata.component.purl]).toEqual(['CycloneDX', expect.stringMatching(/^pkg:npm\/blobprobe@/)]);
    const names = (places: readonly string[]): string[] => [...new Set(places)].sort();
    expect(names(components.map(({ name, version }) => `${name}@${version}`))).toEqual(
      names(shipped.map(([place, { version }]) => `${place.split('node_modules/').at(-1)}@${version}`)),
    );
    for (const one of components) {
      expect(one).toMatchObject({ purl: expect.stringMatching(/^pkg:npm\//), hashes: [{ alg: 'SHA-512' }] });
      expect([one.name, one.licenses?.length]).toEqual([one.name, 1]);
    }
  });

  test('is made and kept by the release', () => {
    const { jobs } = parse(read('.github/workflows/release.yml')) as {
      jobs: { npm: { steps: { run?: string; uses?: string }[] } };
    };
    const runs = jobs.npm.steps.map(({ run = '', uses = '' }) => run + uses).join('\n');
    expect(runs).toContain('.ci/sbom >blobprobe.cdx.json');
    expect(runs).toContain('actions/upload-artifact@');
  });
});

test('nothing is installed with its scripts: not in continuous integration, the image or the release', () => {
  for (const file of ['.ci/run', 'Dockerfile', '.github/workflows/release.yml']) {
    const installs = read(file)
      .split('\n')
      .filter((line) => /\bnpm ci\b/.test(line) && !/^\s*#/.test(line));
    expect([file, installs.length]).toEqual([file, expect.toSatisfy((count: number) => count > 0)]);
    expect([file, installs.filter((line) => !line.includes('--ignore-scripts'))]).toEqual([file, []]);
  }
});

test('each runtime library has its reason in docs/architecture.md', () => {
  const rows = [...read('docs/architecture.md').matchAll(/^\| `([@/\w-]+)` \| `src\/[\w/]+` \| (.{20,}) \|$/gm)];
  const libraries = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies };
  expect(rows.map(([, name = '']) => name).sort()).toEqual(Object.keys(libraries).sort());
});
