import { checkLabels } from '../check.ts';
import type { Blame, Failure, FailureReason } from '../failure.ts';
import type { Run } from '../outcome.ts';
import type { JudgeRun } from './judged-run.ts';
import { hopOfPath, hopOfRegistry } from './verdict-hop.ts';
import { isSameFamily, reasonTable } from '../judge/reason-table.ts';
import { describeFailure, healthyWords, listed } from './verdict-words.ts';

export const verdictKinds = ['healthy', 'path-fault', 'registry-fault', 'inconclusive'] as const;
export type VerdictKind = (typeof verdictKinds)[number];

/** A path that is at fault, and what shows it. */
interface PathFault {
  readonly path: string;
  readonly reason: FailureReason;
  /** Where to look: the judgement's, where it knows a cause; else by comparison with the other paths. */
  readonly hop: Blame;
  /** One sentence. */
  readonly evidence: string;
  readonly runId: string;
  /** Name of the cause; absent: none explains it. */
  readonly cause?: string;
  /** What to change. */
  readonly remedy?: string;
}

/** What a round says. `why` is one sentence, fit for a page, a log and an alert. */
export type RoundVerdict =
  | { readonly kind: 'healthy'; readonly why: string }
  | { readonly kind: 'path-fault'; readonly faults: readonly PathFault[]; readonly why: string }
  | {
      readonly kind: 'registry-fault';
      readonly reason: FailureReason;
      readonly hop: Blame;
      readonly why: string;
      readonly cause?: string;
      readonly remedy?: string;
    }
  | { readonly kind: 'inconclusive'; readonly why: string };

export interface VerdictOptions {
  readonly judge: JudgeRun;
  /** Paths of the round that were not tried (no byte budget left). */
  readonly skippedPaths?: readonly string[];
  /** A control push got through over a healthy path after the last run had ended. */
  readonly controlSucceeded?: boolean;
}

interface FailedRun {
  readonly run: Run;
  readonly failure: Failure;
  /** The run's place in the round. */
  readonly position: number;
}

/**
 * Compares the runs of a round, given in the order in which they ran. Pure. Blames a path only for what the registry cannot
 * have caused: something else got through afterwards, or the symptom is of a kind that no registry makes.
 */
export function roundVerdict(runs: readonly Run[], options: VerdictOptions): RoundVerdict {
  const failed = runs.flatMap((run, position) =>
    run.failure === undefined ? [] : [{ run, failure: run.failure, position }],
  );
  const useless = failed.flatMap((one) => ownReason(one) ?? []);
  const usable = failed.filter((one) => ownReason(one) === undefined);
  if (runs.some((run) => run.ok)) return withSuccess(runs, usable, useless, options);

  return usable.length === 0 ? nothingUsable(useless, options) : withoutSuccess(usable, useless, options);
}

/** Why a failed run says nothing about its path; undefined: it does. */
function ownReason({ run, failure }: FailedRun): string | undefined {
  const { path } = checkLabels(run.check);
  if (reasonTable[failure.reason].tells.own) return `the run over ${path} ended by our own ${failure.reason}`;

  return run.tainted && reasonTable[failure.reason].round.timed
    ? `the run over ${path} is tainted: this process was too busy for its ${failure.reason} to mean anything`
    : undefined;
}

function withSuccess(
  runs: readonly Run[],
  usable: readonly FailedRun[],
  useless: readonly string[],
  options: VerdictOptions,
): RoundVerdict {
  const good = runs.filter((run) => run.ok);
  const lastGood = runs.findLastIndex((run) => run.ok);
  const doubts: string[] = [...useless];
  const faults: PathFault[] = [];
  for (const one of usable) {
    const doubt = doubtOf(one, lastGood, options.controlSucceeded ?? false);
    if (doubt === undefined) faults.push(faultOf(one, usable, good, options));
    else doubts.push(doubt);
  }
  if (faults.length > 0)
    return { kind: 'path-fault', faults, why: sentences([...faults.map(({ evidence }) => evidence), ...doubts]) };

  const skipped = options.skippedPaths ?? [];
  if (skipped.length > 0) doubts.push(`${listed(skipped)} had no run`);

  return doubts.length > 0
    ? { kind: 'inconclusive', why: sentences(doubts) }
    : { kind: 'healthy', why: healthyWords(good) };
}

/** Why a registry in trouble explains this failure as well as the path does; undefined: it does not. */
function doubtOf(
  { run, failure, position }: FailedRun,
  lastGood: number,
  controlSucceeded: boolean,
): string | undefined {
  const row = reasonTable[failure.reason].round;
  const { path } = checkLabels(run.check);
  if (row.ownWords && failure.answeredBy === 'registry')
    return `the registry itself answered ${failure.status ?? failure.reason} over ${path}, while other paths worked`;

  if (!row.needsSuccessAfter || lastGood > position || controlSucceeded) return undefined;

  return `nothing got through after ${failure.reason} over ${path}: the registry may have failed in the meantime`;
}

function faultOf(
  { run, failure }: FailedRun,
  usable: readonly FailedRun[],
  good: readonly Run[],
  options: VerdictOptions,
): PathFault {
  const { path } = checkLabels(run.check);
  const sameElsewhere = usable.filter(
    (other) => other.run !== run && isSameFamily(other.failure.reason, failure.reason),
  );
  const kindsFailingAlike = sameElsewhere.map((other) => other.run.check.path.kind);
  const judged = options.judge(run, { elsewhere: good.length > 0 ? 'ok' : 'none', kindsFailingAlike });
  return {
    path,
    reason: failure.reason,
    hop: judged?.hop ?? hopOfPath(failure, run.check.path.kind, kindsFailingAlike),
    runId: run.id,
    evidence: `${path}: ${describeFailure(failure)}${comparison(good)}`,
    cause: judged?.cause,
    remedy: judged?.remedy,
  };
}

/** A direct path says most about the registry, so it is named first; more than three names tell nothing more. */
function comparison(good: readonly Run[]): string {
  const isDirect = ({ check: { path } }: Run): boolean => path.kind === 'direct' || path.kind === 'internal';
  const names = [...good.filter(isDirect), ...good.filter((run) => !isDirect(run))].map(({ check }) => check.path.name);
  const more = names.length - 3;
  const shown = more > 1 ? [...names.slice(0, 3), `${more} more`] : names;
  return names.length === 0 ? '' : `, while the same push got through over ${listed(shown)}`;
}

function withoutSuccess(
  usable: readonly FailedRun[],
  useless: readonly string[],
  options: VerdictOptions,
): RoundVerdict {
  const rest = usable.filter(({ failure }) => !isRefusalOfHop(failure));
  const [first, second] = rest;
  if (first === undefined) {
    const faults = usable.map((one) => faultOf(one, usable, [], options));
    return { kind: 'path-fault', faults, why: sentences([...faults.map(({ evidence }) => evidence), ...useless]) };
  }
  if (second === undefined) return inconclusive(only(usable), useless);

  const differing = rest.find(({ failure }) => !isSameFamily(failure.reason, first.failure.reason));
  if (differing !== undefined)
    return inconclusive(`no path got through, and they failed differently: ${tellAll(rest)}`, useless);

  const doubt = sharedDoubt(rest, first.failure.reason);
  if (doubt !== undefined) return inconclusive(`${doubt}: ${tellAll(rest)}`, useless);

  const why = sentences([`no path got through, and all failed the same way: ${tellAll(rest)}`]);
  return { kind: 'registry-fault', why, ...registryFaultOf(mostTelling(rest), options) };
}

const ofRegistry: ReadonlySet<Blame> = new Set(['registry_app', 'registry_storage', 'auth_server']);

/** The judgement's part and remedy, where it names one of the registry: a hop that all paths share is not known to be there. */
function registryFaultOf(
  { run, failure }: FailedRun,
  { judge }: VerdictOptions,
): { readonly reason: FailureReason; readonly hop: Blame; readonly cause?: string; readonly remedy?: string } {
  const judged = judge(run, { elsewhere: 'same', kindsFailingAlike: [] });
  const { reason } = failure;
  return judged !== undefined && ofRegistry.has(judged.hop)
    ? { reason, hop: judged.hop, cause: judged.cause, remedy: judged.remedy }
    : { reason, hop: hopOfRegistry(failure) };
}

/** What can also make all paths fail alike; undefined: only the registry can. */
function sharedDoubt(failed: readonly FailedRun[], reason: FailureReason): string | undefined {
  const all = (holds: (failure: Failure) => boolean): boolean => failed.every(({ failure }) => holds(failure));
  if (all((one) => reasonTable[one.reason].round.local))
    return 'every path failed in a way that speaks of this host (resolver, certificates, clock)';

  if (all((one) => one.reason === 'connect_timeout' && one.answeredBy === 'none'))
    return 'nothing answered on any path: the registry or the network of this host';

  const direct = failed.some(({ run }) => run.check.path.kind === 'direct' || run.check.path.kind === 'internal');
  const { family } = reasonTable[reason].round;
  return !direct && (family === 'body' || family === 'address')
    ? 'every path failed alike, and none of them is direct'
    : undefined;
}

/** A hop that names itself refused on its own account. */
function isRefusalOfHop({ reason, answeredBy }: Failure): boolean {
  return reasonTable[reason].round.byHop && !['registry', 'other', 'none'].includes(answeredBy);
}

/** What the registry said itself tells more than what a proxy says in its place, and that more than a cut. */
function mostTelling(failed: readonly FailedRun[]): FailedRun {
  const rank = ({ failure }: FailedRun): number =>
    failure.answeredBy === 'registry' ? 0 : failure.status === undefined ? 2 : 1;
  return failed.reduce((best, one) => (rank(one) < rank(best) ? one : best));
}

function nothingUsable(useless: readonly string[], { skippedPaths = [] }: VerdictOptions): RoundVerdict {
  const skipped = skippedPaths.length > 0 ? [`${listed(skippedPaths)} had no run`] : [];
  return {
    kind: 'inconclusive',
    why: sentences(useless.length + skipped.length > 0 ? [...useless, ...skipped] : ['no run']),
  };
}

function only(failed: readonly FailedRun[]): string {
  return `${failed.length === 1 ? 'only one path to judge by, nothing to compare it with' : 'no path got through'}: ${tellAll(failed)}`;
}

function inconclusive(reason: string, useless: readonly string[]): RoundVerdict {
  return { kind: 'inconclusive', why: sentences([reason, ...useless]) };
}

function tellAll(failed: readonly FailedRun[]): string {
  return failed.map(({ run, failure }) => `${checkLabels(run.check).path}: ${describeFailure(failure)}`).join('; ');
}

function sentences(parts: readonly string[]): string {
  return parts.join('; ');
}
