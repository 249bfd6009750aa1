import type { ClientProfile } from '../../../src/probe/clients/client-profile.ts';
import { type ClientName, clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import type { Component } from '../../support/component.ts';
import type { ImageLayout } from './layer-source.ts';
import { failures } from './push-failures.ts';

/** What a program is given, and where it shall push it. */
export interface Errand {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Folder of its own, in which the image layout is `layout`. */
  readonly folder: string;
  readonly image: ImageLayout;
  /** `user:password`, where the registry asks for them. */
  readonly credentials: string | undefined;
  /** The registry speaks TLS, with a certificate that nobody knows. */
  readonly tls: boolean;
  /** Where it lies, as skopeo and podman name it. */
  readonly source: string;
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
  /** So many failures at a time; default two. */
  readonly lanes?: number;
  /** Has no credentials to log in with. */
  readonly anonymous?: boolean;
  /** Shell words: `$0` is the program, `$HOST` the registry, `$REF` the reference. */
  readonly script: (errand: Errand) => string;
  /** Root only: what it keeps under /run and /var/lib goes to a namespace of its own. */
  readonly isolated?: boolean;
}

const creds = (flag: string, { credentials }: Errand): string =>
  credentials === undefined ? '' : `${flag} ${credentials}`;
/** Password of the errand's credentials. */
export const passwordOf = ({ credentials = ':' }: Errand): string => credentials.split(':')[1] ?? '';

export const pusherNames = [
  'docker',
  'docker29Classic',
  'docker290Classic',
  'docker29',
  'docker290',
  'containerd',
  'containerd23',
  'buildkit',
  'crane',
  'skopeo',
  'skopeo122',
  'podman',
  'podman6',
  'buildah',
  'regctl',
  'oras',
] as const;
export type PusherName = (typeof pusherNames)[number];

/** How the pushers of test/real/pushers are called that read a layout. */
const onLayout = ({ image: { manifest } }: Errand): string => `"$REF" layout ${manifest.digest} ${manifest.size}`;

const onDockerLayout = (store: 'classic' | 'containerd', errand: Errand): string => `"$0" ${store} ${onLayout(errand)}`;

/** Of chunks, which no other program than regctl sends. */
const chunkFailures = Object.keys(failures).filter((failure) => failures[failure]?.chunks === true);
/** For all but skopeo, which alone copies from registry to registry. */
const special = [...chunkFailures, 'eight layers of a registry'];

/** Which of its errors a stream meets in a reset depends on the moment, and a layer that is streamed does not say its size. */
const streams = [...special, 'reset before the body', 'one layer of three'];

/** Docker waits for fifty seconds in most of them; a daemon has five uploads under way. */
const dockerLanes = 5;

const oneByOne = { 'eight layers': 'those of a folder one by one' };

/** Programs by the family of the row that they prove. */
export const realPushers: Readonly<Record<PusherName, RealPusher>> = {
  crane: {
    component: 'crane',
    program: 'crane 0.22.1',
    row: 'crane',
    skips: special,
    differs: { '401 in the middle': 'asks for a token and sends a PATCH that breaks off' },
    script: () => '"$0" push --insecure layout "$REF"',
  },
  regctl: {
    component: 'regctl',
    program: 'regctl 0.11.7',
    row: 'regctl',
    skips: ['one layer of three', 'eight layers of a registry'],
    differs: {},
    script: (errand) => {
      const login = errand.credentials === undefined ? '' : `,user=probe,pass=${passwordOf(errand)}`;
      const tls = errand.tls ? 'insecure' : 'disabled';
      return `"$0" --host "reg=$HOST,tls=${tls}${login}" image copy ocidir://layout:latest "$REF"`;
    },
  },
  oras: {
    component: 'oras',
    program: 'oras 1.3.6',
    row: 'oras',
    skips: special,
    differs: {},
    script: (errand) => {
      const login = errand.credentials === undefined ? '' : `--username probe --password ${passwordOf(errand)}`;
      const files = errand.image.layers.map(({ digest }) => `layout/blobs/sha256/${digest.slice(7)}`);
      return `"$0" push ${errand.tls ? '--insecure' : '--plain-http'} ${login} "$REF" ${files.join(' ')}`;
    },
  },
  containerd: {
    component: 'containerd-pusher',
    program: 'containerd 2.4.2',
    row: 'containerd',
    skips: special,
    differs: {},
    script: (errand) => `"$0" ${onLayout(errand)}`,
  },
  containerd23: {
    component: 'containerd-pusher-2.3',
    program: 'containerd 2.3.2',
    row: 'containerd@2.3',
    skips: special,
    differs: {},
    script: (errand) => `"$0" ${onLayout(errand)}`,
  },
  docker29: {
    component: 'docker-pusher',
    program: 'docker 29, moby v2.0.0-beta.24',
    row: 'docker-containerd',
    skips: special,
    differs: {},
    script: (errand) => onDockerLayout('containerd', errand),
  },
  docker290: {
    component: 'docker-pusher-29.0',
    program: 'docker 29.0, moby v2.0.0-beta.1',
    row: 'docker-containerd@29.0',
    skips: special,
    differs: {},
    script: (errand) => onDockerLayout('containerd', errand),
  },
  buildkit: {
    component: 'buildkit-pusher',
    program: 'buildkit 0.34.2',
    row: 'buildkit',
    skips: special,
    differs: { '401 in the middle': 'sends it again with the same token' },
    anonymous: true,
    script: ({ image }) => `"$0" "$REF" layout ${image.manifest.digest}`,
  },
  skopeo: {
    component: 'skopeo',
    program: 'skopeo 1.9.3',
    row: 'skopeo@1.9',
    // A layer that is streamed does not say its size: which of three the failure meets is a matter of moments.
    skips: [...chunkFailures, 'one layer of three'],
    differs: oneByOne,
    isolated: true,
    script: (errand) =>
      `"$0" --insecure-policy copy --src-tls-verify=false --dest-tls-verify=false ${creds('--dest-creds', errand)} ${errand.source} "docker://$REF"`,
  },
  skopeo122: {
    component: 'skopeo-pusher',
    program: 'go.podman.io/image 5.42.1',
    row: 'skopeo',
    skips: [...chunkFailures, 'one layer of three'],
    differs: oneByOne,
    isolated: true,
    script: ({ source }) => `"$0" ${source} "docker://$REF"`,
  },
  podman: {
    component: 'podman',
    program: 'podman 4.3.1',
    row: 'podman@4.3',
    skips: streams,
    differs: {},
    isolated: true,
    script: (errand) => {
      const podman = '"$0" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none';
      return `id=$(${podman} pull --quiet ${errand.source}) && ${podman} push --tls-verify=false ${creds('--creds', errand)} "$id" "docker://$REF"`;
    },
  },
  podman6: {
    component: 'podman-pusher',
    program: 'go.podman.io/common 0.69',
    row: 'podman',
    skips: streams,
    differs: {},
    isolated: true,
    script: ({ source }) => `"$0" ${source} "docker://$REF"`,
  },
  buildah: {
    component: 'buildah',
    program: 'buildah 1.28.2',
    row: 'podman@4.3',
    besides: {
      userAgent: 'Buildah/1.28.2 (blobprobe)',
      retry: { ...clientProfiles['podman@4.3'].retry, delayMs: () => 2_000 },
    },
    skips: streams,
    differs: {},
    isolated: true,
    script: (errand) => {
      const buildah = '"$0" --storage-driver vfs';
      return `id=$(${buildah} pull --quiet ${errand.source}) && ${buildah} push --tls-verify=false ${creds('--creds', errand)} "$id" "docker://$REF"`;
    },
  },
  docker: {
    component: 'dockerd',
    program: 'docker 20.10.24',
    row: 'docker@20.10',
    isolated: true,
    // `docker import` makes one layer.
    skips: [...streams, 'eight layers'],
    lanes: dockerLanes,
    differs: {},
    script: () => '',
  },
  docker29Classic: {
    component: 'docker-pusher',
    program: 'docker 29, moby v2.0.0-beta.24',
    row: 'docker',
    skips: streams,
    lanes: dockerLanes,
    differs: {},
    script: (errand) => onDockerLayout('classic', errand),
  },
  docker290Classic: {
    component: 'docker-pusher-29.0',
    program: 'docker 29.0, moby v2.0.0-beta.1',
    row: 'docker@29.0',
    skips: streams,
    lanes: dockerLanes,
    differs: {},
    script: (errand) => onDockerLayout('classic', errand),
  },
};
