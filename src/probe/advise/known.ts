import type { NetworkPath } from '../../network/path.ts';
import { workloadBytes } from '../check.ts';
import { aloneOn } from '../diagnose/contrast.ts';
import { explain } from '../diagnose/diagnose.ts';
import type { AnsweredBy, Failure, FailureReason } from '../failure.ts';
import type { Tried } from '../limits/ceiling.ts';
import type { PathLimit } from '../limits/limit.ts';
import type { Run } from '../outcome.ts';

/** A limit as far as advice needs it. */
export interface KnownLimit extends Pick<PathLimit, 'path' | 'client' | 'unit' | 'conclusion'> {
  readonly largestAccepted?: number;
  readonly smallestRejected?: number;
  /** How what is too much was refused. */
  readonly reason?: FailureReason;
  readonly answeredBy?: AnsweredBy;
}

/** What is known of one path for one client. */
export interface Known {
  readonly registry: string;
  readonly path: string;
  readonly client: string;
  readonly tried: readonly Tried[];
  /** Limits on size and on time that searches found on this path, as whichever client. */
  readonly limits: readonly KnownLimit[];
  /** Median of the pushes of the largest size; absent: nothing got through. */
  readonly bytesPerSecond?: number;
  /** What to set, and where, so that larger or slower bodies get through; absent: nothing was refused that a cause explains. */
  readonly setting?: string;
}

/** Older runs of a check say what the path was, not what it is. */
const newestRuns = 5;

type Place = Pick<Known, 'registry' | 'path' | 'client'>;

/**
 * What runs and searches say, by path and client, in the order of the runs. `runs`: newest first. Runs that were cancelled tell nothing.
 * `paths`: where a path is not that of a run. Pure.
 */
export function knownOf(
  runs: readonly Run[],
  limits: readonly PathLimit[],
  paths: readonly NetworkPath[] = [],
): Known[] {
  const places = new Map<string, Place>();
  const note = ({ registry, path, client }: Place): void =>
    void places.set(JSON.stringify([registry, path, client]), { registry, path, client });
  for (const run of runs) note(placeOf(run));
  // Whether an image can be pushed is asked.
  const pushed = limits.filter(({ direction }) => direction === 'push');
  for (const limit of pushed) note(limit);
  return [...places.values()].map((place) => knownOn(place, runs, pushed, paths));
}

function placeOf({ check }: Run): Place {
  return { registry: check.registry.name, path: check.path.name, client: check.client.name };
}

function knownOn(
  place: Place,
  runs: readonly Run[],
  limits: readonly PathLimit[],
  paths: readonly NetworkPath[],
): Known {
  const own = newest(runs.filter((run) => isSame(placeOf(run), place) && run.failure?.reason !== 'cancelled'));
  const here = limits.filter(({ registry, path }) => registry === place.registry && path === place.path);
  const path = own[0]?.check.path ?? paths.find(({ name }) => name === place.path);
  const failures = [
    ...here.filter(({ client }) => client === place.client).flatMap(({ rejection }) => rejection ?? []),
    ...own.flatMap(({ failure }) => failure ?? []),
  ];
  return {
    ...place,
    tried: distinct(own.map(triedBy)),
    limits: here.map(knownLimit),
    bytesPerSecond: rateOf(own),
    setting: path === undefined ? undefined : settingFor(failures, path, place.client),
  };
}

function isSame(a: Place, b: Place): boolean {
  return a.registry === b.registry && a.path === b.path && a.client === b.client;
}

/** The newest few of each workload. */
function newest(runs: readonly Run[]): Run[] {
  const counts = new Map<string, number>();
  return runs.filter(({ check }) => {
    const count = counts.get(check.workload.name) ?? 0;
    counts.set(check.workload.name, count + 1);
    // All runs of a search are one look.
    return check.workload.name === 'limit-search' || count < newestRuns;
  });
}

/** An image tells by its largest layer: that is the largest body. */
function triedBy({ check, ok, failure }: Run): Tried {
  return { sizeBytes: Math.max(0, ...check.workload.layerBytes), ok, reason: failure?.reason };
}

function distinct(tried: readonly Tried[]): Tried[] {
  return [...new Map(tried.map((one) => [JSON.stringify(one), one])).values()];
}

function knownLimit(limit: PathLimit): KnownLimit {
  const { path, client, unit, conclusion, largestAccepted, smallestRejected, rejection } = limit;
  const { reason, answeredBy } = rejection ?? {};
  return { path, client, unit, conclusion, largestAccepted, smallestRejected, reason, answeredBy };
}

function rateOf(runs: readonly Run[]): number | undefined {
  const measured = runs.flatMap(({ ok, check, pushBytesPerSecond: rate }) =>
    ok && rate !== undefined ? [{ bytes: workloadBytes(check.workload), rate }] : [],
  );
  const largest = Math.max(0, ...measured.map(({ bytes }) => bytes));
  const rates = measured
    .filter(({ bytes }) => bytes === largest)
    .map(({ rate }) => rate)
    .sort((a, b) => a - b);
  return rates[Math.floor((rates.length - 1) / 2)];
}

function settingFor(failures: readonly Failure[], path: NetworkPath, client: string): string | undefined {
  for (const failure of failures) {
    const finding = explain(failure, aloneOn(path, failure), client);
    if (finding !== undefined && finding.confidence !== 'open') return finding.remedy;
  }
  return undefined;
}
