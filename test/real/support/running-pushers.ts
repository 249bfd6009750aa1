import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireComponent } from '../../support/component.ts';
import { forOthers } from '../../support/ending.ts';
import { type ImageLayout, writeImageLayout } from './layer-source.ts';
import { startDockerDaemon } from './docker-daemon.ts';
import { startProcess } from './process.ts';
import { type Errand, passwordOf, type RealPusher } from './real-pushers.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** An image layout in a folder of its own. */
export interface Luggage {
  readonly folder: string;
  readonly image: ImageLayout;
  readonly remove: () => void;
}

/** A folder that leads to an image of these layers; equal images are made once. */
export function packImage(layerBytes: readonly number[]): Luggage {
  const key = layerBytes.join();
  const made = images.get(key) ?? makeImage(layerBytes);
  images.set(key, made);
  const { path: folder, remove } = temporaryDirectory('pusher');
  symlinkSync(join(made.folder, 'layout'), join(folder, 'layout'));
  return { folder, image: made.image, remove };
}

const images = new Map<string, Omit<Luggage, 'remove'>>();

function makeImage(layerBytes: readonly number[]): Omit<Luggage, 'remove'> {
  const { path: folder } = forOthers(() => temporaryDirectory('image'));
  return { folder, image: writeImageLayout(join(folder, 'layout'), layerBytes) };
}

type Push = (errand: Errand) => Promise<{ readonly exitCode: number | string; readonly output: string }>;

/** Makes ready to push with the program; dockerd runs until it is closed. */
export async function startPushing(
  pusher: RealPusher,
): Promise<{ readonly push: Push; readonly close: () => Promise<void> }> {
  if (pusher.component !== 'dockerd') return { push: (errand) => runPusher(pusher, errand), close: async () => {} };
  const daemon = await startDockerDaemon();
  const push: Push = ({ host, credentials, image }) =>
    daemon.push({ destination: `${host}/probe/x:latest`, layerBytes: image.layers[0]?.size ?? 0, credentials });
  return { push, close: daemon.close };
}

/** Runs the program until it ends. Throws when it cannot be started. */
async function runPusher(
  pusher: RealPusher,
  errand: Errand,
): Promise<{ readonly exitCode: number | string; readonly output: string }> {
  const { folder, host, credentials } = errand;
  if (credentials !== undefined) {
    mkdirSync(join(folder, '.docker'));
    const auth = Buffer.from(credentials).toString('base64');
    writeFileSync(join(folder, '.docker/config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
  }
  const isolated = pusher.isolated === true;
  const mounts = isolated ? ['/run', '/opt', '/var/lib'].map((mount) => `mount -t tmpfs none ${mount}`) : [];
  const script = ['set -e', ...mounts, pusher.script(errand)].join('\n');
  const shell = ['/bin/sh', '-c', script, requireComponent(pusher.component)];
  const [command = '', ...args] = isolated
    ? [requireComponent('unshare'), '--mount', '--propagation', 'private', ...shell]
    : shell;
  const child = await startProcess(command, args, {
    cwd: folder,
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: folder,
      TMPDIR: folder,
      HOST: host,
      REF: `${host}/probe/x:latest`,
      PUSH_USER: credentials === undefined ? '' : 'probe',
      PUSH_PASSWORD: passwordOf(errand),
      PUSH_TLS: errand.tls ? 'insecure' : '',
    },
  });
  return { exitCode: await child.exited, output: child.output() };
}
