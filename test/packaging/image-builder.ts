import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireComponent } from '../support/component.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What an image says about how it wants to be run; the parts that the tests look at. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly StopSignal: string;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

/** A machine that is not this one: what its images are made of, and what runs them here. */
export interface ForeignMachine {
  /** As builders name it: `linux/arm64`. */
  readonly platform: string;
  /** Node.js for it. */
  readonly node: string;
  /** Its shared libraries, as Debian's cross packages bring them. */
  readonly libraries: string;
}

export interface BuiltImage {
  readonly config: ImageConfig;
  /** `amd64` or `arm64`. */
  readonly architecture: string;
  /** The image's file system, unpacked and writable. */
  readonly rootFolder: string;
  remove(): void;
}

/**
 * Builds the Dockerfile with buildah. Nothing is pulled: the base images are stand-ins made of this machine's Node.js and npm, at the
 * places where the real ones have them. Packages come from npm's cache where it has them. For a foreign machine, only the final stage is
 * of that machine, as in the Dockerfile. Needs root. Throws with the builder's output.
 */
export function buildImage(
  storage: string,
  args: Readonly<Record<string, string>>,
  machine?: ForeignMachine,
): BuiltImage {
  const buildah = buildahIn(storage);
  standIn(buildah, 'standin-build', npmEnvironment(), (folder) => {
    copyProgram(folder, process.execPath, '/nodejs/bin/node');
    addPrograms(folder, ['/bin/sh', '/bin/mkdir', '/usr/bin/env']);
    addNpm(folder);
  });
  standIn(buildah, 'standin-runtime', {}, (folder, container) => {
    if (machine === undefined) {
      copyProgram(folder, process.execPath, '/nodejs/bin/node');
      return;
    }
    addForeignNode(folder, machine);
    buildah('config', '--arch', machine.platform.split('/')[1] ?? '', container);
  });
  const buildArgs = { BUILD_IMAGE: 'localhost/standin-build', RUNTIME_IMAGE: 'localhost/standin-runtime', ...args };
  const flags = Object.entries(buildArgs).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
  const volumes = [`${npmCache()}:/npm-cache`, ...authorities().map((file) => `${file}:/authorities.pem:ro`)];
  const mounts = volumes.flatMap((volume) => ['--volume', volume]);
  const platform = machine === undefined ? [] : ['--platform', machine.platform];
  buildah(
    'build',
    '--pull-never',
    '--isolation',
    'chroot',
    '--format',
    'docker',
    ...platform,
    ...flags,
    ...mounts,
    '--tag',
    'blobprobe',
    root,
  );
  const { Docker } = JSON.parse(buildah('inspect', '--type', 'image', 'localhost/blobprobe')) as {
    Docker: { architecture: string; config: ImageConfig };
  };
  const container = buildah('from', '--pull-never', 'localhost/blobprobe');
  const rootFolder = buildah('mount', container);
  const { architecture, config } = Docker;
  return { architecture, config, rootFolder, remove: () => void buildah('umount', container) };
}

type Buildah = (...args: readonly string[]) => string;

/** vfs: the only storage driver that works on every file system, container file systems among them. */
function buildahIn(storage: string): Buildah {
  const flags = ['--storage-driver', 'vfs', '--root', join(storage, 'root'), '--runroot', join(storage, 'run')];
  return (...args) =>
    execFileSync(requireComponent('buildah'), [...flags, ...args], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: 'pipe',
    }).trim();
}

function standIn(
  buildah: Buildah,
  name: string,
  environment: Readonly<Record<string, string>>,
  add: (folder: string, container: string) => void,
): void {
  const container = buildah('from', 'scratch');
  const folder = buildah('mount', container);
  for (const empty of ['tmp', 'etc', 'proc', 'dev']) mkdirSync(join(folder, empty));
  add(folder, container);
  const variables = Object.entries({ PATH: '/usr/bin:/bin:/nodejs/bin', ...environment });
  buildah('config', ...variables.flatMap(([key, value]) => ['--env', `${key}=${value}`]), container);
  buildah('umount', container);
  buildah('commit', '--quiet', '--rm', container, `localhost/${name}`);
}

function npmEnvironment(): Record<string, string> {
  return {
    npm_config_cache: '/npm-cache',
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
    ...(authorities().length > 0 && { NODE_EXTRA_CA_CERTS: '/authorities.pem' }),
  };
}

function addPrograms(folder: string, programs: readonly string[]): void {
  for (const program of programs) copyProgram(folder, program, program);
}

function addNpm(folder: string): void {
  const packageFolder = npmPackage();
  cpSync(packageFolder, join(folder, 'usr/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(folder, 'usr/bin/npm'));
  symlinkSync('/nodejs/bin/node', join(folder, 'usr/bin/node'));
}

/** With all shared libraries that the loader would take. */
function copyProgram(folder: string, program: string, to: string): void {
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  for (const [from, target] of [[program, to] as const, ...libraries.map((file) => [file, file] as const)]) {
    const place = join(folder, target);
    if (!existsSync(place)) {
      mkdirSync(dirname(place), { recursive: true });
      cpSync(realpathSync(from), place);
    }
  }
}

/** What Node.js is linked with; `ldd` cannot ask a program of another machine. */
const librariesOfNode = [
  'ld-linux-aarch64.so.1',
  'c.so.6',
  'm.so.6',
  'dl.so.2',
  'pthread.so.0',
  'gcc_s.so.1',
  'stdc++.so.6',
];

function addForeignNode(folder: string, { node, libraries }: ForeignMachine): void {
  mkdirSync(join(folder, 'nodejs/bin'), { recursive: true });
  cpSync(realpathSync(node), join(folder, 'nodejs/bin/node'));
  mkdirSync(join(folder, 'lib'));
  for (const name of librariesOfNode) {
    const file = name.startsWith('ld-') ? name : `lib${name}`;
    cpSync(realpathSync(join(libraries, file)), join(folder, 'lib', file));
  }
}

/** npm beside the running Node.js, else the one in PATH. */
function npmPackage(): string {
  const beside = join(dirname(realpathSync(process.execPath)), '../lib/node_modules/npm');
  if (existsSync(beside)) return beside;
  const found = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim();
  return join(dirname(realpathSync(found)), '..');
}

function npmCache(): string {
  const cache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  mkdirSync(cache, { recursive: true });
  return cache;
}

/** Certificate authorities that this machine needs to reach its package registry, if it needs any. */
function authorities(): string[] {
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  return file === undefined ? [] : [realpathSync(file)];
}
