import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDockerDaemon } from '../../test/real/support/docker-daemon.ts';
import { startRegistry } from '../../test/real/support/docker-registry.ts';
import { findComponent } from '../../test/support/component.ts';
import { oneCheck, startDaemon, valueOf } from '../daemon.ts';
import { interleave, ratioTo, rowOf, type Subject } from '../figures.ts';
import { measureProgram } from '../programs.ts';
import type { BenchContext, Row, Suite } from '../suite.ts';

const sizeMiB = 1024;
const MiB = 1024 * 1024;

/** Where the registry is the limit: no client can be much faster than another, and ours must not be slower. */
export const registrySuite: Suite = {
  name: 'registry',
  what: 'one blob of 1 GiB to a docker-registry with an empty storage: time of the whole push beside curl, skopeo and docker',
  async run(context) {
    if (findComponent('docker-registry') === undefined) {
      const note = 'docker-registry is not installed';
      return [rowOf({ subject: 'docker', figure: 'push of 1 GiB', unit: 's', note }, [])];
    }
    const layer = writeLayer();
    try {
      return await measureAll(context, layer);
    } finally {
      layer.remove();
    }
  },
};

const curls = {
  docker: 'curl (POST, PATCH chunked, PUT)',
  'docker-containerd': 'curl (POST, PUT with length)',
} as const;
const skopeo = 'skopeo copy';

async function measureAll(context: BenchContext, layer: Layer): Promise<Row[]> {
  const subjects: Subject<number>[] = [
    { name: 'docker', measure: () => measureDaemon('docker') },
    { name: curls.docker, measure: () => measureCurl(layer, 'chunked') },
    { name: 'docker-containerd', measure: () => measureDaemon('docker-containerd') },
    { name: curls['docker-containerd'], measure: () => measureCurl(layer, 'length') },
    { name: skopeo, measure: () => measureSkopeo(layer) },
  ];
  const measured = await interleave(context, subjects);
  // Once: it takes half a minute, most of it compression, and nothing is near it.
  context.progress('docker push: run 1 of 1');
  const docker = await measureDocker();
  const all = new Map([...measured, ['docker push', docker === undefined ? [] : [docker]]]);
  return [...all].flatMap(([subject, seconds]) => rowsOf(subject, seconds, all));
}

const peerNotes: Readonly<Record<string, string>> = {
  [skopeo]:
    'from an OCI layout, layer sent as it is; computes its digest on the way; with the image configuration and manifest',
  'docker push':
    'compresses the layer on the way (gzip) and computes digests; with the image configuration and manifest',
};

function rowsOf(subject: string, seconds: readonly number[], all: ReadonlyMap<string, readonly number[]>): Row[] {
  const row = { subject, figure: 'push of 1 GiB', unit: 's' };
  if (subject !== 'docker' && subject !== 'docker-containerd') {
    const note = seconds.length === 0 ? 'not installed, or cannot run here' : (peerNotes[subject] ?? '');
    return [rowOf({ ...row, note }, seconds)];
  }
  const beside = (peer: string, atMost: number): Row => {
    const ratio = ratioTo(peer, seconds, all.get(peer) ?? []);
    const note = ratio === undefined ? `${peer}: not measured` : '';
    const figure = `${row.figure}, against ${peer.split(' ').slice(0, 2).join(' ').replace(' (POST,', '')}`;
    return rowOf({ ...row, figure, note }, seconds, { ratio, goal: { of: 'ratio', atMost } });
  };
  return [beside(curls[subject], 1.02), beside(skopeo, 1), beside('docker push', 1)];
}

/** A file of random bytes that every peer pushes as it is, and an OCI layout around it. */
interface Layer {
  readonly file: string;
  readonly digest: string;
  readonly layout: string;
  readonly remove: () => void;
}

function writeLayer(): Layer {
  const directory = mkdtempSync(join(tmpdir(), 'blobprobe-bench-'));
  const layout = join(directory, 'layout');
  const blobs = join(layout, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const { digest, diffId } = writeRandom(join(directory, 'layer'));
  const file = join(blobs, digest.slice('sha256:'.length));
  renameSync(join(directory, 'layer'), file);
  const put = (value: unknown, mediaType: string): object => {
    const bytes = Buffer.from(JSON.stringify(value));
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const oci = 'application/vnd.oci.image';
  const image = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [diffId] } };
  const config = put(image, `${oci}.config.v1+json`);
  const layers = [{ mediaType: `${oci}.layer.v1.tar+gzip`, digest, size: sizeMiB * MiB }];
  const manifest = put(
    { schemaVersion: 2, mediaType: `${oci}.manifest.v1+json`, config, layers },
    `${oci}.manifest.v1+json`,
  );
  const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'latest' } };
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  return { file, digest, layout, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/**
 * Bytes that do not compress, and begin as gzip does: skopeo then takes the layer for compressed and sends it as it is. The
 * name of the layer unpacked is made up; nobody unpacks it.
 */
function writeRandom(path: string): { digest: string; diffId: string } {
  const cipher = createCipheriv('aes-256-ctr', randomBytes(32), Buffer.alloc(16));
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(MiB);
  const file = openSync(path, 'w');
  for (let written = 0; written < sizeMiB; written += 1) {
    const bytes = cipher.update(zeros);
    if (written === 0) bytes.set([0x1f, 0x8b, 0x08]);
    hash.update(bytes);
    writeSync(file, bytes);
  }
  closeSync(file);
  return { digest: `sha256:${hash.digest('hex')}`, diffId: `sha256:${randomBytes(32).toString('hex')}` };
}

/** Runs a push against a registry of its own, with what earlier ones wrote out of the way. */
async function withRegistry<T>(push: (origin: string) => Promise<T>): Promise<T> {
  execFileSync('sync');
  const registry = await startRegistry();
  try {
    return await push(registry.origin);
  } finally {
    await registry.close();
  }
}

/** As the client's user feels it: authorization, session, body, commit, verification. The digest is known before, as for curl. */
function measureDaemon(client: string): Promise<number> {
  return withRegistry(async (origin) => {
    const daemon = await startDaemon(oneCheck(origin, client, `${sizeMiB}MiB`));
    try {
      await daemon.untilRuns(1);
      return valueOf(await daemon.scrape(), 'blobprobe_last_run_duration_seconds') ?? Number.NaN;
    } finally {
      await daemon.stop();
    }
  });
}

/** What a script does by hand; the starts of the two or three programs are in the time. */
function measureCurl({ file, digest }: Layer, shape: 'chunked' | 'length'): Promise<number | undefined> {
  const curl =
    "curl --silent --show-error --fail --output /dev/null -H Expect: -H 'Content-Type: application/octet-stream'";
  const location = `location=$(${curl} -X POST -w '%header{location}' "$0/v2/bench/blob/blobs/uploads/")`;
  const send = {
    length: [`${curl} -T "$1" "$location&digest=$2"`],
    chunked: [
      `location=$(${curl} -X PATCH -H 'Transfer-Encoding: chunked' -T "$1" -w '%header{location}' "$location")`,
      `${curl} -X PUT -H 'Content-Length: 0' "$location&digest=$2"`,
    ],
  }[shape];
  const script = ['set -e', location, ...send].join('\n');
  if (findComponent('curl') === undefined) return Promise.resolve(undefined);
  return withRegistry(
    async (origin) => (await measureProgram('sh', ['-c', script, origin, file, digest]))?.wallSeconds,
  );
}

function measureSkopeo({ layout }: Layer): Promise<number | undefined> {
  return withRegistry(async (origin) => {
    const destination = `docker://${new URL(origin).host}/bench/blob:latest`;
    const args = [
      '--insecure-policy',
      'copy',
      '--quiet',
      '--dest-tls-verify=false',
      `oci:${layout}:latest`,
      destination,
    ];
    return (await measureProgram('skopeo', args))?.wallSeconds;
  });
}

/** Debian's daemon, started for this alone; undefined where that cannot be done, which takes root. */
async function measureDocker(): Promise<number | undefined> {
  if (findComponent('dockerd') === undefined || process.getuid?.() !== 0) return undefined;
  const daemon = await startDockerDaemon();
  try {
    return await withRegistry(async (origin) => {
      const destination = `${new URL(origin).host}/bench/blob:latest`;
      const push = await daemon.push({ destination, layerBytes: sizeMiB * MiB });
      if (push.exitCode !== 0) throw new Error(`docker push ended with ${push.exitCode}: ${push.output}`);
      return push.pushMs / 1000;
    });
  } finally {
    await daemon.close();
  }
}
