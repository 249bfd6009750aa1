import { Secret } from '../../../src/network/secrets/secret.ts';
import type { ClientProfile } from '../../../src/probe/clients/client-profile.ts';
import type { RunClock } from '../../../src/probe/deps.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';
import type { Failure } from './push-failures.ts';
import { type PushRecorder, type Recorded, startPushRecorder } from './push-recorder.ts';
import { productNames } from './wire-image.ts';

/** What one side did: one line a request, with the time between the answer before it and its start. */
export interface Story {
  readonly lines: readonly string[];
  readonly waitsMs: readonly number[];
  /** Of these, what our client asked its clock for; nothing is known of the real one's. */
  readonly askedMs: readonly number[];
  /** How long the requests took in all, as the registry saw them. */
  readonly heldMs: number;
  readonly gotThrough: boolean;
  /** How many requests of the kind in question there were. */
  readonly met: number;
  /** How many layers were under way at once, where they were held. */
  readonly mostAtOnce: number;
  readonly output: string;
}

/** Pushes with the real program and tells how that ended. */
export type RealPush = (push: {
  readonly host: string;
  readonly credentials: string | undefined;
}) => Promise<{ readonly exitCode: number | string; readonly output: string }>;

const login = { name: 'probe', password: 'secret' } as const;
/** The empty config of an artifact, which oras pushes. */
const emptyConfig = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';

/** A wait as our client asks for it. */
interface Sleep {
  readonly atMs: number;
  readonly delayMs: number;
}

/** The real program's push against a recorder of its own, in which the image's config is there already. */
export async function storyOfReal(
  failure: Failure,
  configDigest: string,
  logsIn: boolean,
  push: RealPush,
): Promise<Story> {
  const existing = [emptyConfig, configDigest];
  const recorder = await startPushRecorder({ ...failure.scenery, existing });
  try {
    const credentials = logsIn ? `${login.name}:${login.password}` : undefined;
    const { exitCode, output } = await push({ host: recorder.host, credentials });
    return storyOf(recorder, [], failure, existing, exitCode === 0, output);
  } finally {
    await recorder.close();
  }
}

/** The emulated client's push of blobs of these sizes. */
export async function storyOfProfile(
  failure: Failure,
  profile: ClientProfile,
  logsIn: boolean,
  layerBytes: readonly number[],
): Promise<Story> {
  const { scenery } = failure;
  const recorder = await startPushRecorder(scenery);
  const sleeps: Sleep[] = [];
  const deps = runDeps();
  const clock: RunClock = {
    ...deps.clock,
    sleep(delayMs, signal) {
      sleeps.push({ atMs: performance.now(), delayMs });
      return deps.clock.sleep(delayMs, signal);
    },
  };
  const credentials = logsIn
    ? ({ kind: 'basic', username: login.name, password: Secret.of(login.password) } as const)
    : ({ kind: 'anonymous' } as const);
  try {
    const run = await runOnce(
      checkOf(recorder.origin, {
        registry: { repository: 'probe/x', cleanup: 'keep', credentials },
        path: { allowHosts: [recorder.otherOrigin], tls: { insecure: true, minVersion: 'TLSv1.2' } },
        check: {
          client: profile,
          workload: { name: 'workload', kind: layerBytes.length > 1 ? 'image' : 'blob', layerBytes, pull: false },
          retries: 'profile',
          timeoutMs: 400_000,
        },
      }),
      { ...deps, stallTimeoutMs: undefined, clock },
    );
    return storyOf(
      recorder,
      sleeps,
      failure,
      [],
      run.ok,
      run.failure === undefined ? '' : `${run.failure.reason}: ${run.failure.evidence.message}`,
    );
  } finally {
    await recorder.close();
  }
}

function storyOf(
  recorder: PushRecorder,
  sleeps: readonly Sleep[],
  failure: Failure,
  existing: readonly string[],
  gotThrough: boolean,
  output: string,
): Story {
  const requests = ofLayers(recorder.requests, existing);
  const lines = requests.map(lineOf);
  return {
    lines: failure.sideBySide === true ? lines.toSorted((a, b) => a.localeCompare(b)) : lines,
    waitsMs: requests.slice(1).map(({ startMs }, index) => startMs - (requests[index]?.endMs ?? startMs)),
    askedMs: requests.slice(1).map(({ startMs }, index) => {
      const between = sleeps.filter(({ atMs }) => atMs <= startMs && atMs >= (requests[index]?.startMs ?? startMs));
      return between.reduce((sum, { delayMs }) => sum + delayMs, 0);
    }),
    heldMs: requests.reduce((sum, { startMs, endMs }) => sum + Math.max(0, endMs - startMs || 0), 0),
    gotThrough,
    met: recorder.met(),
    mostAtOnce: recorder.mostAtOnce(),
    output,
  };
}

/** What is about layers: no manifests, no config, no clearing away. */
function ofLayers(requests: readonly Recorded[], existing: readonly string[]): readonly Recorded[] {
  const sizes = new Map<string, number>();
  for (const { session = '', bodyBytes } of requests) sizes.set(session, Math.max(sizes.get(session) ?? 0, bodyBytes));
  const smallDigests = requests
    .filter(({ method, session, answer }) => method === 'PUT' && answer === '201' && isSmall(sizes.get(session ?? '')))
    .flatMap(({ url }) => digestIn(url) ?? []);
  const others = new Set([...existing, ...smallDigests].map((digest) => digest.replace('sha256:', '')));
  return requests.filter(({ method, url, session, answer, headers }) => {
    // Which request learns the challenge is not the same where a client asks for the manifest first.
    const learnsChallenge = answer === '401' && headers['authorization'] === undefined;
    if (learnsChallenge || method === 'DELETE' || url.includes('/manifests/')) return false;
    if (session === undefined) return !others.has(digestIn(url) ?? '');
    const committed = requests.some((one) => one.session === session && one.method === 'PUT' && one.answer === '201');
    return !(committed && isSmall(sizes.get(session)));
  });
}

const isSmall = (bytes: number | undefined): boolean => (bytes ?? 0) < 10_000;

function digestIn(url: string): string | undefined {
  return /sha256(?::|%3A)([0-9a-f]{64})/i.exec(url)?.[1];
}

/** Headers that say something: those of Go's or Node's transport alone are left out, and what names a place or a length of time. */
const compared = [
  'accept',
  'accept-encoding',
  'authorization',
  'content-range',
  'content-type',
  'docker-distribution-api-version',
];

function lineOf({ httpVersion, method, url, headers, host, answer, bodyBytes }: Recorded): string {
  const target = url
    .replace(/sha256(:|%3A)[0-9a-f]{64}/gi, '<digest>')
    .replace(/\/uploads\/\d+/, '/uploads/<session>')
    .replace(/_state=s&?/, '')
    .replace(/ns=127[^&]*/, 'ns=<registry>');
  const framing =
    headers['transfer-encoding'] === 'chunked'
      ? 'chunked'
      : bodyBytes > 0
        ? `length ${headers['content-length']}`
        : 'empty';
  const fields = compared.flatMap((name) => {
    const value = headers[name];
    return value === undefined ? [] : [`${name}: ${name === 'authorization' ? value.replace(/ .*/, '') : value}`];
  });
  if (headers['connection'] === 'close') fields.push('connection: close');
  const where = host === 'other' ? ' at the other host' : '';
  const agent = productNames(headers['user-agent'] ?? '').replace(/ ?blobprobe/, '');
  return `HTTP/${httpVersion} ${method} ${target}${where} (${framing}; ${[...fields, agent].join('; ')}) → ${answer}`;
}
