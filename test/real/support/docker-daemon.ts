import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requireComponent } from '../../support/component.ts';
import type { ClientPush, PushOptions } from './skopeo.ts';
import { randomTar } from './layer-source.ts';
import { startProcess, waitFor } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const run = promisify(execFile);

export interface DockerPush extends Omit<ClientPush, 'blobBytes'> {
  /** Of `docker push` alone, without the import. */
  readonly pushMs: number;
}

export interface DockerDaemon {
  /** As `docker version` has it, for example `20.10.24+dfsg1`. */
  readonly version: string;
  /** `docker import` of a layer that nobody has pushed before, then `docker push`. The size of the blob shows on the wire only. */
  readonly push: (options: PushOptions) => Promise<DockerPush>;
  /** Removes the daemon's own copy of what was pushed, then `docker pull`. */
  readonly pull: (options: Omit<PushOptions, 'layerBytes'>) => Promise<Omit<ClientPush, 'blobBytes'>>;
  /** The daemon's own log so far: unlike the client it names the causes of retries. */
  readonly log: () => string;
  readonly close: () => Promise<void>;
}

/**
 * Starts Debian's dockerd, which starts a containerd of its own. Nothing of the machine changes: no bridge, no packet filter
 * rules, no forwarding; what it mounts it mounts in a namespace of its own, which goes with it, and so do the folders that it
 * makes in /run and /opt. Needs root.
 */
export async function startDockerDaemon(): Promise<DockerDaemon> {
  const directory = temporaryDirectory('dockerd');
  const inside = (name: string): string => join(directory.path, name);
  const socket = inside('docker.sock');
  writeFileSync(inside('daemon.json'), JSON.stringify({ 'deprecated-key-path': inside('key.json') }));
  const args = [
    `--config-file=${inside('daemon.json')}`,
    `--data-root=${inside('data')}`,
    `--exec-root=${inside('exec')}`,
    `--pidfile=${inside('pid')}`,
    `--host=unix://${socket}`,
    '--bridge=none',
    '--iptables=false',
    '--ip6tables=false',
    '--ip-forward=false',
    '--ip-masq=false',
    '--userland-proxy=false',
    '--storage-driver=vfs',
    '--exec-opt=native.cgroupdriver=cgroupfs',
    '--insecure-registry=127.0.0.0/8',
  ];
  const script = 'mount -t tmpfs none /run && mount -t tmpfs none /opt && exec "$0" "$@"';
  const program = await startProcess(
    requireComponent('unshare'),
    ['--mount', '--propagation', 'private', '/bin/sh', '-c', script, requireComponent('dockerd'), ...args],
    { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: directory.path, TMPDIR: directory.path } },
  );
  const docker = async (command: readonly string[], home = directory.path): Promise<string> => {
    const env = { PATH: '/usr/bin:/bin', HOME: home, DOCKER_HOST: `unix://${socket}` };
    const { stdout, stderr } = await run(clientProgram, [...command], { env });
    return stdout + stderr;
  };
  const close = async (): Promise<void> => {
    await program.stop();
    directory.remove();
  };
  const version = await waitFor(
    'dockerd to answer',
    () => {
      if (!program.isRunning()) throw new Error(`dockerd ended:\n${program.output()}`);
      return existsSync(socket) && docker(['version', '--format', '{{.Server.Version}}']).catch(() => undefined);
    },
    { timeoutMs: 30_000, everyMs: 100, details: program.output },
  ).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    version: version.trim(),
    push: (options) => push(docker, options),
    pull: (options) => pull(docker, options),
    log: program.output,
    close,
  };
}

type Docker = (command: readonly string[], home: string) => Promise<string>;

async function push(docker: Docker, { layerBytes, ...options }: PushOptions): Promise<DockerPush> {
  let startMs = performance.now();
  const push = await asUser(options, async (home) => {
    const archive = join(home, 'layer.tar');
    writeFileSync(archive, randomTar(layerBytes));
    await docker(['import', archive, options.destination], home);
    rmSync(archive);
    startMs = performance.now();
    return docker(['push', options.destination], home);
  });
  return { ...push, pushMs: performance.now() - startMs };
}

async function pull(docker: Docker, options: Omit<PushOptions, 'layerBytes'>): Promise<Omit<ClientPush, 'blobBytes'>> {
  return asUser(options, async (home) => {
    await docker(['image', 'rm', '--force', options.destination], home);
    return docker(['pull', options.destination], home);
  });
}

/** Runs commands with a home folder that holds the credentials, as `docker login` writes them. */
async function asUser(
  { destination, credentials }: Omit<PushOptions, 'layerBytes'>,
  commands: (home: string) => Promise<string>,
): Promise<Omit<ClientPush, 'blobBytes'>> {
  const home = temporaryDirectory('docker-client');
  try {
    if (credentials !== undefined) {
      const auth = Buffer.from(credentials).toString('base64');
      mkdirSync(join(home.path, '.docker'));
      const auths = { [destination.split('/')[0] ?? '']: { auth } };
      writeFileSync(join(home.path, '.docker/config.json'), JSON.stringify({ auths }));
    }
    return { exitCode: 0, output: await commands(home.path) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, output: stdout + stderr };
  } finally {
    home.remove();
  }
}

/** Debian's client, which comes with the daemon; one of another version may be first in the PATH. */
const clientProgram = '/usr/bin/docker';
