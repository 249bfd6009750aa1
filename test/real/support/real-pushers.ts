import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientProfile } from '../../../src/probe/clients/client-profile.ts';
import { type ClientName, clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { type Component, requireComponent } from '../../support/component.ts';
import { type ImageLayout, writeImageLayout } from './layer-source.ts';
import { startDockerDaemon } from './docker-daemon.ts';
import { startProcess } from './process.ts';
import { failures } from './push-failures.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** What a program is given, and where it shall push it. */
export interface Errand {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Folder of its own, in which the image layout is `layout`. */
  readonly folder: string;
  readonly image: ImageLayout;
  /** `user:password`, where the registry asks for them. */
  readonly credentials: string | undefined;
  /** Time limit for response headers, where the program can be told one. */
  readonly headerTimeoutMs: number | undefined;
  /** The registry speaks TLS, with a certificate that nobody knows. */
  readonly tls: boolean;
}

/** How a program is run, and which row it proves. */
export interface RealPusher {
  readonly component: Component;
  /** With its version, for people. */
  readonly program: string;
  readonly row: ClientName;
  /** What docs/clients.md says of it besides its row. */
  readonly besides?: Partial<ClientProfile>;
  /** Failures that it is not put through, because they say nothing of it or cost too long. */
  readonly skips: readonly string[];
  /** Failures in which its requests are known to differ from its row's, and how, for people. */
  readonly differs: Readonly<Record<string, string>>;
  /** Has no credentials to log in with. */
  readonly anonymous?: boolean;
  /** Shell words: `$0` is the program, `$HOST` the registry, `$REF` the reference. */
  readonly script: (errand: Errand) => string;
  /** Root only: what it keeps under /run and /var/lib goes to a namespace of its own. */
  readonly isolated?: boolean;
}

const creds = (flag: string, { credentials }: Errand): string =>
  credentials === undefined ? '' : `${flag} ${credentials}`;
const password = ({ credentials = ':' }: Errand): string => credentials.split(':')[1] ?? '';

export const pusherNames = [
  'docker',
  'docker29',
  'containerd',
  'buildkit',
  'crane',
  'skopeo',
  'podman',
  'buildah',
  'regctl',
  'oras',
] as const;
export type PusherName = (typeof pusherNames)[number];

/** How the pushers of test/real/pushers are called that read a layout and know of a time limit. */
function onLayout({ image: { manifest }, headerTimeoutMs }: Errand): string {
  const limit = headerTimeoutMs === undefined ? '' : `${headerTimeoutMs}ms`;
  return `"$0" "$REF" layout ${manifest.digest} ${manifest.size} ${limit}`;
}

const noTimeLimit = 'no answer (time limit 1 s)';
/** Of chunks, which no other program than regctl sends. */
const chunkFailures = Object.keys(failures).filter((failure) => failures[failure]?.chunks === true);

/** Programs by the family of the row that they prove. */
export const realPushers: Readonly<Record<PusherName, RealPusher>> = {
  crane: {
    component: 'crane',
    program: 'crane 0.22.1',
    row: 'crane',
    skips: [...chunkFailures, noTimeLimit],
    differs: { '401 in the middle': 'asks for a token and sends a PATCH that breaks off' },
    script: () => '"$0" push --insecure layout "$REF"',
  },
  regctl: {
    component: 'regctl',
    program: 'regctl 0.11.7',
    row: 'regctl',
    skips: [noTimeLimit, 'one layer of three'],
    differs: {},
    script: (errand) => {
      const login = errand.credentials === undefined ? '' : `,user=probe,pass=${password(errand)}`;
      const tls = errand.tls ? 'insecure' : 'disabled';
      return `"$0" --host "reg=$HOST,tls=${tls}${login}" image copy ocidir://layout:latest "$REF"`;
    },
  },
  oras: {
    component: 'oras',
    program: 'oras 1.3.6',
    row: 'oras',
    skips: [...chunkFailures, noTimeLimit],
    differs: {},
    script: (errand) => {
      const login = errand.credentials === undefined ? '' : `--username probe --password ${password(errand)}`;
      const files = errand.image.layers.map(({ digest }) => `layout/blobs/sha256/${digest.slice(7)}`);
      return `"$0" push ${errand.tls ? '--insecure' : '--plain-http'} ${login} "$REF" ${files.join(' ')}`;
    },
  },
  containerd: {
    component: 'containerd-pusher',
    program: 'containerd 2.4.2',
    row: 'containerd',
    skips: chunkFailures,
    differs: {},
    script: onLayout,
  },
  docker29: {
    component: 'docker-pusher',
    program: 'docker 29, moby v2.0.0-beta.24',
    row: 'docker-containerd',
    skips: chunkFailures,
    differs: {},
    script: onLayout,
  },
  buildkit: {
    component: 'buildkit-pusher',
    program: 'buildkit 0.34.2',
    row: 'buildkit',
    skips: [...chunkFailures, noTimeLimit],
    differs: { '401 in the middle': 'sends it again with the same token' },
    anonymous: true,
    script: ({ image }) => `"$0" "$REF" layout ${image.manifest.digest}`,
  },
  skopeo: {
    component: 'skopeo',
    program: 'skopeo 1.9.3',
    row: 'skopeo@1.9',
    // A layer that is streamed does not say its size: which of three the failure meets is a matter of moments.
    // From a layout it copies one layer after the other.
    skips: [...chunkFailures, noTimeLimit, 'one layer of three', 'eight layers'],
    differs: {},
    isolated: true,
    script: (errand) =>
      `"$0" --insecure-policy copy --dest-tls-verify=false ${creds('--dest-creds', errand)} oci:layout:latest "docker://$REF"`,
  },
  podman: {
    component: 'podman',
    program: 'podman 4.3.1',
    row: 'podman@4.3',
    // Which of its errors a stream meets in a reset depends on the moment; a layer that is streamed does not say its size.
    skips: [...chunkFailures, noTimeLimit, 'reset before the body', 'one layer of three', 'eight layers'],
    differs: {},
    isolated: true,
    script: (errand) => {
      const podman = '"$0" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none';
      return `id=$(${podman} pull --quiet oci:layout:latest) && ${podman} push --tls-verify=false ${creds('--creds', errand)} "$id" "docker://$REF"`;
    },
  },
  buildah: {
    component: 'buildah',
    program: 'buildah 1.28.2',
    row: 'podman@4.3',
    besides: {
      userAgent: 'Buildah/1.28.2 (blobprobe)',
      retry: { ...clientProfiles['podman@4.3'].retry, delayMs: () => 2_000 },
    },
    // As podman.
    skips: [...chunkFailures, noTimeLimit, 'reset before the body', 'one layer of three', 'eight layers'],
    differs: {},
    isolated: true,
    script: (errand) => {
      const buildah = '"$0" --storage-driver vfs';
      return `id=$(${buildah} pull --quiet oci:layout:latest) && ${buildah} push --tls-verify=false ${creds('--creds', errand)} "$id" "docker://$REF"`;
    },
  },
  docker: {
    component: 'dockerd',
    program: 'docker 20.10.24',
    row: 'docker@20.10',
    isolated: true,
    // Fifty seconds each, and all alike: 503 stands for them.
    skips: [
      ...chunkFailures,
      // `docker import` makes one.
      'eight layers',
      noTimeLimit,
      'reset before the body',
      'one layer of three',
      'HEAD 403',
      'answer 503 over TLS',
      'answer 502',
      'answer 504',
      'closed after the body',
      'reset at POST',
      'closed at POST',
      '503 at POST, Retry-After',
    ],
    differs: {},
    script: () => '',
  },
};

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
  const { path: folder } = temporaryDirectory('image');
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
      PUSH_PASSWORD: password(errand),
      PUSH_TLS: errand.tls ? 'insecure' : '',
    },
  });
  return { exitCode: await child.exited, output: child.output() };
}
