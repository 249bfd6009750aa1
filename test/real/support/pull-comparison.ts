import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { clientOf } from '../../../src/probe/check-client.ts';
import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import { Ledger } from '../../../src/probe/leftovers/ledger.ts';
import { RunTrail } from '../../../src/probe/leftovers/ledger-trail.ts';
import type { Blob } from '../../../src/probe/run/blobs.ts';
import { pullStages } from '../../../src/probe/run/pull-parts.ts';
import { createRunAuthorizer } from '../../../src/probe/run/run-authorizer.ts';
import { sideBySide } from '../../../src/probe/run/side-by-side.ts';
import { knownSecrets } from '../../../src/registry/auth/known-secrets.ts';
import { type Component, requireComponent } from '../../support/component.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import type { DockerDaemon } from './docker-daemon.ts';
import type { ImageLayout } from './layer-source.ts';
import { startProcess } from './process.ts';
import { type PullRecorder, type PullRequest, type PullScenery, startPullRecorder } from './pull-recorder.ts';
import { type Luggage, packImage } from './running-pushers.ts';

/** How a pull went: its requests, one line each, and the waits before them that are no waits for an answer. */
export interface PullStory {
  readonly lines: readonly string[];
  readonly waitsMs: readonly number[];
  /** From the start of the request before each of these waits to the start of the request after it. */
  readonly apartMs: readonly number[];
  readonly gotThrough: boolean;
  readonly output: string;
  /** Layers that were under way at the same time, where the scene holds them. */
  readonly atOnce: number;
}

/** A program that pulls `$REF` from `$HOST`, as shell words; `$0` is the program. */
export interface RealPuller {
  readonly component: Component;
  readonly row: ClientName;
  readonly script: string;
}

const login = 'probe:secret';
/** Each scene has an image of its own: a daemon fetches equal layers once. */
let images = 0;

type Pull = (luggage: Luggage, host: string, credentials: string | undefined) => Promise<PullEnd>;

/** The program and its row, each against a recorder that does what the scene says with the layer. */
export async function comparePulls(
  row: ClientName,
  scene: PullScenery,
  pull: Pull,
  { layers = 1, sizeBytes = 3_000_000 } = {},
): Promise<{ readonly real: PullStory; readonly ours: PullStory }> {
  images += 1;
  const luggage = packImage(Array.from({ length: layers }, () => Math.round((sizeBytes + images) / layers)));
  const { folder, image, remove } = luggage;
  const layout = join(folder, 'layout');
  const recorders = [
    await startPullRecorder(layout, image, scene),
    await startPullRecorder(layout, image, scene),
  ] as const;
  try {
    const credentials = scene.basic === true ? login : undefined;
    const [end, ours] = await Promise.all([
      pull(luggage, recorders[0].host, credentials),
      storyOfRow(row, recorders[1], layout, image, credentials),
    ]);
    const real = {
      ...storyOf(recorders[0]),
      atOnce: recorders[0].mostHeld(),
      gotThrough: end.exitCode === 0,
      output: end.output,
    };
    return { real, ours };
  } finally {
    for (const recorder of recorders) await recorder.close();
    remove();
  }
}

export interface PullEnd {
  readonly exitCode: number | string;
  readonly output: string;
}

/** The pull of a program that ends when it has done so. */
export async function pullWithProgram(
  { component, script }: RealPuller,
  { folder }: Luggage,
  host: string,
  credentials: string | undefined,
): Promise<PullEnd> {
  if (credentials !== undefined) {
    mkdirSync(join(folder, '.docker'));
    const auths = { [host]: { auth: Buffer.from(credentials).toString('base64') } };
    writeFileSync(join(folder, '.docker/config.json'), JSON.stringify({ auths }));
  }
  const [user = '', password = ''] = (credentials ?? '').split(':');
  const child = await startProcess('/bin/sh', ['-c', script, requireComponent(component)], {
    cwd: folder,
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: folder,
      TMPDIR: folder,
      HOST: host,
      REF: `${host}/probe/x:latest`,
      CREDS: credentials ?? '',
      PUSH_USER: user,
      PUSH_PASSWORD: password,
    },
  });
  return { exitCode: await child.exited, output: child.output() };
}

/** The same of a daemon. */
export function pullWithDocker(
  daemon: DockerDaemon,
): (luggage: Luggage, host: string, credentials: string | undefined) => Promise<PullEnd> {
  return (_luggage, host, credentials) => daemon.pull({ destination: `${host}/probe/x:latest`, credentials });
}

/** The cold pull of our own engine, of an image that it has not pushed. Its waits are asked for, and pass at once. */
async function storyOfRow(
  row: ClientName,
  recorder: PullRecorder,
  layout: string,
  image: ImageLayout,
  credentials: string | undefined,
): Promise<PullStory> {
  const [username = '', password = ''] = (credentials ?? '').split(':');
  const check = checkOf(`http://${recorder.host}`, {
    client: row,
    registry: {
      repository: 'probe/x',
      credentials:
        credentials === undefined ? { kind: 'anonymous' } : { kind: 'basic', username, password: Secret.of(password) },
    },
    check: { retries: 'profile' },
  });
  const waitsMs: number[] = [];
  const deps = runDeps({}, waitsMs);
  const redactor = knownSecrets(check.path, check.registry);
  const authorizer = createRunAuthorizer(check, clientOf(check, deps, redactor), () => {});
  const { signal } = new AbortController();
  const context = {
    check,
    deps,
    trail: new RunTrail(new Ledger(), check, redactor),
    originMs: performance.now(),
    redactor,
    authorizer: authorizer.forTransport,
    hostMemory: check.client.remembersHost?.(),
    onProgress: () => {},
  };
  const [manifest] = blobsOf(layout, [image.manifest]);
  const [config] = blobsOf(layout, [image.config]);
  if (manifest === undefined || config === undefined) throw new Error('the image has no manifest');
  const { digest, mediaType } = image.manifest;
  const document = { config, manifest: { bytes: manifest.bytes, mediaType, digest }, reference: 'latest' };
  let failure: string | undefined;
  const stages = pullStages(check, blobsOf(layout, image.layers), document);
  for (const stage of stages.filter(({ parts }) => parts.every(({ pull }) => pull === 'cold'))) {
    const ok = await sideBySide(context, stage, signal, (outcome) => {
      failure ??= outcome.ok ? undefined : JSON.stringify(outcome.attempts.at(-1)?.failure);
    });
    if (!ok) break;
  }
  await authorizer.close();
  return {
    ...storyOf(recorder),
    waitsMs: waitsMs.filter(isWait),
    atOnce: recorder.mostHeld(),
    gotThrough: failure === undefined,
    output: failure ?? '',
  };
}

function blobsOf(layout: string, descriptors: readonly ImageLayout['config'][]): (Blob & { readonly bytes: Buffer })[] {
  return descriptors.map(({ digest, size }, index) => ({
    name: `layer${index + 1}`,
    bytes: readFileSync(join(layout, 'blobs/sha256', digest.slice('sha256:'.length))),
    payload: { digest, sizeBytes: size, chunks: () => [] },
  }));
}

/** What is fetched beside the layer comes in no order; what a client and Node's or Go's transport say by themselves is left out. */
function storyOf({ requests }: PullRecorder): Pick<PullStory, 'lines' | 'waitsMs' | 'apartMs'> {
  const layer = requests.filter(({ object }) => object === 'layer');
  const gaps = layer.slice(1).map(({ startMs }, index) => ({
    waitMs: startMs - (layer[index]?.endMs ?? startMs),
    apartMs: startMs - (layer[index]?.startMs ?? startMs),
  }));
  const waits = gaps.filter(({ waitMs }) => isWait(waitMs));
  const reset = layer.some(({ answer }) => answer.includes('reset'));
  // How much of it a reset lets through depends on the moment.
  const inOrder = requests
    .filter(({ object }) => object !== 'config')
    .map((request) => (reset ? lineOf(request).replace(/bytes=\d+-/, 'bytes=…-') : lineOf(request)));
  const besides = requests.filter(({ object }) => object === 'config').map(lineOf);
  return {
    lines: [...inOrder, ...besides],
    waitsMs: waits.map(({ waitMs }) => waitMs),
    apartMs: waits.map(({ apartMs }) => apartMs),
  };
}

/** Shorter ones are what starting a request takes on a busy machine. */
const isWait = (waitMs: number): boolean => waitMs > 700;

function lineOf({ method, object, target, host, headers, answer }: PullRequest): string {
  const by = object === 'manifest' ? (target.includes('sha256') ? ' by digest' : ' by tag') : '';
  const accept = headers['accept']?.split(/, ?/).toSorted().join(', ');
  const said = [
    headers['range'],
    headers['authorization']?.replace(/ .*/, ''),
    headers['referer'] === undefined ? undefined : 'referer',
    headers['docker-distribution-api-version'],
    accept === '*/*' ? undefined : accept,
  ].filter((word) => word !== undefined);
  return `${method} ${object}${by}${host === 'other' ? ' at the other host' : ''} (${said.join('; ')}) → ${answer}`;
}
