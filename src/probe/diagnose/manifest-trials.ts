import type { NetworkPath } from '../../network/path.ts';
import type { Check } from '../check.ts';
import { describeFailure } from '../compare/verdict-words.ts';
import { isHungUp } from '../judge/is-cut.ts';
import type { FailureReason } from '../failure.ts';
import type { Run } from '../outcome.ts';
import type { ExamineDeps, ExamineOptions } from './examine-options.ts';
import { timesToProve } from './flips.ts';
import { followsLayers, isOfConfigOrManifest, isOfManifest } from './manifest-failure.ts';
import { sendsAgain, trialCheck } from './trial-checks.ts';
import type { TrialLog } from './trial-log.ts';
import type { ManifestPut } from './trial.ts';

/** The one layer of the image. */
const layerBytes = 1024;
/** How often the manifest names it: about 11 KiB, as the manifests of large images have. */
const usualLayers = 64;

/** Of the time left, one put has so much, and at least and at most so many milliseconds. */
const share = 1 / 3;
const leastMs = 10_000;
const mostMs = 60_000;
/** An image of one layer is a push of a blob, and a manifest. What it may take is a few times as much. */
const pushesInImage = 1.25;

/**
 * Pushes a tiny image as the client does: a layer, a config, a manifest. The manifest is put by its digest, so that no tag appears or moves,
 * and is deleted at once. When that fails: once more, over the direct path, with a manifest of the other kind, and with a
 * small one. Undefined: none was put, and `log.leftOut` says why.
 */
export async function putManifests(
  options: ExamineOptions,
  deps: Pick<ExamineDeps, 'run'>,
  log: TrialLog,
): Promise<readonly ManifestPut[] | undefined> {
  const { check, direct } = options;
  const why = whyNone(check, log);
  if (why !== undefined) {
    log.leftOut.push(`manifests: ${why}`);
    return undefined;
  }
  const puts: ManifestPut[] = [];
  const put = async (way: ManifestPut['way'], path = check.path): Promise<Run | undefined> => {
    const run = await putOne(manifestCheck(check, way, path, log), options, deps, log);
    const clientSendsAgain = run?.failure !== undefined && sendsAgain(check.client, run.failure);
    if (run !== undefined) puts.push({ way, run, clientSendsAgain });
    return run;
  };
  const twice = async (way: ManifestPut['way'], path?: NetworkPath): Promise<void> => {
    for (let times = 0; times < timesToProve; times += 1) await put(way, path);
  };
  if (!isFailed(await put('usual'))) return puts;
  // What comes and goes is tried a little longer.
  if (!isFailed(await put('usual'))) await twice('usual');
  if (direct !== undefined) await twice('direct', direct);
  if (puts.filter(({ way, run }) => way === 'usual' && isRefused(run)).length < timesToProve) return puts;
  if (passed(await put('other-kind'))) await put('other-kind');
  if (passed(await put('small'))) await put('small');
  return puts;
}

/** Why no manifest is put; undefined: one is. */
function whyNone({ registry, client }: Check, { trials }: TrialLog): string | undefined {
  if (registry.cleanup !== 'delete')
    return `none was put, because with \`cleanup: ${registry.cleanup}\` it would stay; a path on which only they are refused would look the same`;
  return trials.some(({ run }) => run.ok && run.check.client.name === client.name)
    ? undefined
    : `none was put, because no push as ${client.name} got through`;
}

/** Undefined: there was no time, or somebody ended it. */
async function putOne(
  usual: Check,
  { signal, onProgress }: ExamineOptions,
  deps: Pick<ExamineDeps, 'run'>,
  log: TrialLog,
): Promise<Run | undefined> {
  const leftMs = Math.min(mostMs, log.leftMs, Math.max(leastMs, share * log.leftMs));
  const run = await log.made({
    what: `the manifest of a tiny image over ${usual.path.name}`,
    usual,
    leftMs,
    // A registry may ask others about a manifest, which takes seconds where blobs take none.
    neededMs: leftMs < leastMs ? Number.POSITIVE_INFINITY : pushesInImage * quickestMs(log),
    run: (check) => deps.run(check, { signal, onProgress }),
  });
  return run?.failure?.reason === 'cancelled' ? undefined : run;
}

/** The quickest push over this path so far, in milliseconds. */
function quickestMs({ trials }: TrialLog): number {
  return Math.min(...trials.flatMap(({ run }) => (run.ok ? [run.durationMs] : [])));
}

function manifestCheck(check: Check, way: ManifestPut['way'], path: NetworkPath, log: TrialLog): Check {
  const one = trialCheck({ check, shape: check.client.shape }, layerBytes);
  const other = one.client.manifest === 'oci' ? 'docker' : 'oci';
  return {
    ...one,
    path,
    // What stays for ever is the same object each time.
    payload: deletesNothing(log) ? { kind: 'rotate', count: 1 } : one.payload,
    client: way === 'other-kind' ? { ...one.client, manifest: other } : one.client,
    workload: { ...one.workload, kind: 'image', untagged: { timesNamed: way === 'small' ? 1 : usualLayers } },
  };
}

/** Deletion is switched off, or this login has no right to it. */
const undeletable: ReadonlySet<FailureReason> = new Set(['method_not_allowed', 'auth_rejected', 'blocked_by_policy']);

/** The registry, or a hop, refused to delete a blob of this examination. */
function deletesNothing({ trials }: TrialLog): boolean {
  return trials.some(({ run }) => run.cleanup.failures.some(({ reason }) => undeletable.has(reason)));
}

/** The layer was taken, and what follows it was not. */
function isRefused({ failure }: Run): boolean {
  return failure !== undefined && isOfConfigOrManifest(failure);
}

function isFailed(run: Run | undefined): boolean {
  return run?.ok === false;
}

function passed(run: Run | undefined): boolean {
  return run?.ok === true;
}

const kinds = { docker: 'docker’s schema 2', oci: 'OCI' } as const;

/** `docker, the manifest of an image of 64 layers (docker’s schema 2)`: what was put when it failed. */
export function whatIsPut({ check: { client, workload }, failure }: Run): string {
  const layers = workload.untagged?.timesNamed ?? 1;
  const part = failure === undefined || followsLayers(failure) ? (failure?.blob ?? 'manifest') : 'layer';
  return `${client.name}, the ${part} of an image of ${layers === 1 ? 'one layer' : `${layers} layers`} (${kinds[client.manifest]})`;
}

/** What was done and what came of it, one sentence each. */
export function manifestFactsOf(puts: readonly ManifestPut[]): string[] {
  return puts.map(({ run }) => {
    const outcome = run.failure === undefined ? 'taken' : describeFailure(run.failure);
    return `${run.check.path.name}: ${whatIsPut(run)}, put by its digest, without a tag: ${outcome}${stays(run)}`;
  });
}

/** The manifest was taken, or may have been, and could not be deleted. */
function stays({ cleanup, failure }: Run): string {
  const kept = cleanup.failures.find(({ kind }) => kind === 'manifest');
  // Of its PUT; a success, where what failed came before or after it.
  const { status = 500 } = failure !== undefined && isOfManifest(failure) ? failure : { status: 201 };
  // A hop that stopped waiting refuses nothing: what it had sent on may be stored.
  const isRefusal = status >= 400 && status < 500 && failure?.reason !== 'request_timeout';
  if (kept === undefined || isRefusal) return '';
  return `; it ${status < 300 ? 'stays' : 'may stay'} there, because it could not be deleted: ${kept.message}`;
}

/** `one image of 4 that was cut (…), …`: where the client itself sends such a request again, and all others got through; none: it is another matter. */
export function manifestGotOver(puts: readonly ManifestPut[]): string[] {
  const [failed, ...others] = puts.filter(({ run }) => !run.ok);
  if (failed?.run.failure === undefined || failed.clientSendsAgain !== true) return [];
  const { failure, check } = failed.run;
  if (!isHungUp(failure) || others.length > 0 || puts.length <= timesToProve) return [];
  return [
    `one image of ${puts.length} that was cut (${whatIsPut(failed.run)}: ${describeFailure(failure)}), and ${check.client.name} sends such a request again by itself`,
  ];
}
