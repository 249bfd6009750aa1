import { header } from '../../network/exchange.ts';
import type { Redactor } from '../../network/secrets/redactor.ts';
import { knownSecrets } from '../../registry/auth/known-secrets.ts';
import { openRegistryClient } from '../../registry/open-client.ts';
import { BoundedSignal } from '../bounded-signal.ts';
import type { Check } from '../check.ts';
import { ownClient } from '../clients/controls.ts';
import { describeFailure } from '../compare/verdict-words.ts';
import type { RunDeps } from '../deps.ts';
import { classify } from '../judge/classify.ts';
import { noContext } from '../judge/facts.ts';
import { cleanUp } from '../leftovers/cleanup.ts';
import { Ledger } from '../leftovers/ledger.ts';
import { RunTrail } from '../leftovers/ledger-trail.ts';
import { type Behaviour, openUpload, type Scene, type Seen, unknown } from './conformance-scene.ts';
import { pushReadBlob, readBehaviours, readBlobBytes } from './conformance-reads.ts';
import { uploadBehaviours } from './conformance-uploads.ts';

const table = { ...uploadBehaviours, ...readBehaviours };

/** Closed set: what is tried of the distribution specification. */
export type BehaviourName = keyof typeof table;
export const behaviours: Readonly<Record<BehaviourName, Behaviour>> = table;
/** In the order in which they are tried. */
export const behaviourNames = Object.keys(table) as readonly BehaviourName[];

/** What the specification's behaviours came to in one round over one path. */
export interface ConformanceRound {
  readonly path: string;
  /** An upload session was opened; without one the path says nothing of any behaviour. */
  readonly opened: boolean;
  readonly behaviours: Readonly<Record<BehaviourName, Seen>>;
  /** Body bytes that were sent. */
  readonly sentBytes: number;
}

/** The rounds over the path in question, and those over the direct one, made by turns. */
export interface Conformance {
  readonly subject: readonly ConformanceRound[];
  /** Empty: there is no path to compare with. */
  readonly direct: readonly ConformanceRound[];
}

export interface ConformanceOptions {
  /** Bound on the round, its cleanup excluded. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Chunks are as small as the registry lets them be, and no larger than this. */
const usualChunkBytes = 16;
const mostChunkBytes = 1_024;
/** Of one round at most: three chunks and a blob, each again after a 401. */
export const mostRoundBytes = 2 * (3 * mostChunkBytes + readBlobBytes);

/**
 * Tries each behaviour once over the check's path, as ourselves: some fifteen requests, and as many at most to clean up. It opens
 * up to four upload sessions and pushes one blob of 64 bytes; all are written to the ledger and removed as the registry's cleanup
 * policy allows. Never rejects; what could not be tried is `not known`.
 */
export async function tryConformance(
  check: Check,
  deps: RunDeps,
  { timeoutMs, signal }: ConformanceOptions,
): Promise<ConformanceRound> {
  const { path, registry } = check;
  const redactor = knownSecrets(path, registry);
  const ledger = deps.ledger ?? new Ledger();
  const trail = new RunTrail(ledger, check, redactor);
  const ending = new BoundedSignal(signal, timeoutMs);
  let sentBytes = 0;
  const client = openRegistryClient({
    path,
    target: registry,
    client: ownClient('blobprobe (conformance)'),
    nowMs: () => deps.clock.nowMs(),
    wire: deps.wire,
    redactor,
    signal: ending.signal,
    onExchange: (exchange) => (sentBytes += exchange.sentBytes),
  });
  const tried = await tryAll(client, trail, redactor);
  ending.stop();
  await client.close();
  await cleanUp(check, deps, ledger, trail, redactor);
  return { path: path.name, ...tried, sentBytes };
}

async function tryAll(
  client: Scene['client'],
  trail: RunTrail,
  redactor: Redactor,
): Promise<Pick<ConformanceRound, 'opened' | 'behaviours'>> {
  // An error that does not know its own step is the login's.
  const words = (error: unknown): string => describeFailure(classify(error, { ...noContext, step: 'auth' }, redactor));
  let scene: Scene;
  try {
    scene = await opening(client, trail);
  } catch (error) {
    const none = unknown(`no upload session was opened: ${words(error)}`);
    return { opened: false, behaviours: recordOf(behaviourNames.map((name) => [name, none])) };
  }
  const rows: [BehaviourName, Seen][] = [];
  for (const name of behaviourNames) {
    try {
      if (name === 'mount') scene.blob = await pushReadBlob(scene);
      rows.push([name, await behaviours[name].look(scene)]);
    } catch (error) {
      rows.push([name, unknown(words(error))]);
    }
  }
  return { opened: true, behaviours: recordOf(rows) };
}

async function opening(client: Scene['client'], trail: RunTrail): Promise<Scene> {
  const { opened, session } = await openUpload(client, trail);
  if (session === undefined) throw new Error('a POST without mount opened no session');
  const least = Number(header(opened, 'oci-chunk-min-length') ?? usualChunkBytes);
  const chunkBytes = Number.isSafeInteger(least) ? Math.max(least, usualChunkBytes) : usualChunkBytes;
  return {
    client,
    trail,
    opened,
    session,
    chunkBytes: chunkBytes <= mostChunkBytes ? chunkBytes : undefined,
    heldBytes: 0,
    refusedChunk: false,
    blob: undefined,
  };
}

function recordOf(rows: readonly [BehaviourName, Seen][]): Record<BehaviourName, Seen> {
  return Object.fromEntries(rows) as Record<BehaviourName, Seen>;
}
