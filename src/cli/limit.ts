import { pushing } from './pushing.ts';
import { formatBytes } from '../probe/byte-words.ts';
import { parseDuration } from '../config/duration.ts';
import { parseSize } from '../config/size.ts';
import type { LimitTarget } from '../config/config.ts';
import type { NetworkPath } from '../network/path.ts';
import { durationsUpTo, searchDurationLimit } from '../probe/limits/duration-search.ts';
import type { DurationLimit, SizeLimit } from '../probe/limits/limit.ts';
import { searchSizeLimit } from '../probe/limits/size-search.ts';
import type { Progress } from '../probe/outcome.ts';
import { formatDuration } from '../network/duration-words.ts';
import { type Command, usualExitCodes } from './command.ts';
import { type FlagValues, jsonFlag, noValue, oneOf, oneValue, UsageError } from './flags.ts';
import { exitInterrupted } from './interrupt.ts';
import { type FoundLimit, limitJson, limitText, nameOf } from './limit-text.ts';
import { durationFlag, sizeFlag } from './flag-values.ts';
import { examinationFlags, type OnDemandCommandDeps, targetsOf } from './on-demand-flags.ts';
import type { ProgressView } from './progress.ts';
import { checkOf, durationRuns, sizeRun } from '../daemon/scheduled-limits.ts';
import { directPathOf } from './diagnose.ts';
import { named, pathsOf, type SelectedTargets, targetFlags } from './select-targets.ts';
import { referenceArgument } from './ad-hoc.ts';

const defaultUpTo = '600MiB';
const defaultResolution = '1MiB';
const defaultUpToDuration = '125s';

/** What the flags ask for. */
interface Searches {
  readonly upToBytes: number;
  readonly resolutionBytes: number;
  readonly durationsMs: readonly number[];
  readonly kinds: readonly ('size' | 'duration')[];
  /** Bound on one push; a body that is made to take long gets its time besides. */
  readonly timeoutMs: number | undefined;
}

/** Searches limits on size and time. Exit codes: see `exitCodes`. */
export function limitCommand(deps: OnDemandCommandDeps): Command {
  return {
    name: 'limit',
    summary: 'Searches for the largest size and the longest time that paths accept.',
    exitCodes: {
      0: 'no limit up to the largest size and time that were tried',
      1: 'a limit or a fault was found',
      ...usualExitCodes,
    },
    argument: referenceArgument,
    flags: {
      ...targetFlags,
      'up-to': oneValue('SIZE', `Largest size to try (default ${defaultUpTo}).`),
      resolution: oneValue(
        'SIZE',
        `Stop when the largest accepted and the smallest rejected size differ by no more than this (default ${defaultResolution}), or by an eighth of the accepted size if that is less.`,
      ),
      'up-to-duration': oneValue(
        'DURATION',
        `Longest time to try: bodies are sent slowly (default ${defaultUpToDuration}).`,
      ),
      only: oneValue('KIND', 'Search only for the limit on size, or only for that on duration.', ['size', 'duration']),
      pull: noValue('Search for limits of pulls instead of pushes.'),
      'push-over': oneValue(
        'NAME',
        'With --pull: push the blobs over this path (default: the first other path of kind internal, else direct; else the path itself).',
      ),
      timeout: examinationFlags.timeout,
      ...jsonFlag,
    },
    async run(values, terminal) {
      const selected = inDirection(values, await targetsOf(values, terminal));
      const searches = searchesOf(values, selected);
      const { result, interrupted } = await pushing(deps, selected, terminal, (view, signal) =>
        searchAll(selected, searches, deps, view, signal),
      );
      terminal.out(values.isSet('json') ? limitJson(result) : limitText(result));
      if (interrupted) return exitInterrupted;
      return result.every(({ limit }) => limit.conclusion === 'none-up-to') ? 0 : 1;
    },
  };
}

function searchesOf(values: FlagValues, { config }: SelectedTargets): Searches {
  const only = values.text('only');
  const upToMs = durationFlag(values, 'up-to-duration', '125s') ?? parseDuration(defaultUpToDuration);
  return {
    upToBytes: sizeFlag(values, 'up-to') ?? config?.limits?.upToBytes ?? parseSize(defaultUpTo),
    resolutionBytes: sizeFlag(values, 'resolution') ?? config?.limits?.resolutionBytes ?? parseSize(defaultResolution),
    durationsMs: durationsUpTo(upToMs),
    kinds: only === undefined ? ['size', 'duration'] : [oneOf('only', only, ['size', 'duration'])],
    timeoutMs: durationFlag(values, 'timeout'),
  };
}

/** The targets of the direction that is asked about. Throws UsageError. */
function inDirection(values: FlagValues, selected: SelectedTargets): SelectedTargets {
  const name = values.text('push-over');
  if (!values.isSet('pull')) {
    if (name !== undefined) throw new UsageError('flag --push-over is for --pull');
    return selected;
  }
  const { config, targets } = selected;
  const overFor = (target: LimitTarget): NetworkPath =>
    name === undefined
      ? (directPathOf(target, config) ?? target.path)
      : named('push-over', 'path', name, pathsOf(target, config));
  return { ...selected, targets: targets.map((target) => ({ ...target, pushedOver: overFor(target) })) };
}

/** One after the other: two searches at once would disturb each other. */
async function searchAll(
  { targets }: SelectedTargets,
  searches: Searches,
  { engine }: OnDemandCommandDeps,
  view: ProgressView,
  signal: AbortSignal,
): Promise<FoundLimit[]> {
  const found: FoundLimit[] = [];
  for (const target of targets) {
    if (target.pushedOver !== undefined)
      view.line(`${nameOf(target)}: puts blobs there over ${target.pushedOver.name}`);
    for (const kind of searches.kinds) {
      if (signal.aborted) return found;
      const limit =
        kind === 'size' ? await searchSize(target, searches, engine, view, signal) : await duration(target, searches);
      view.end();
      found.push({ target, limit });
    }
  }
  return found;

  function duration(target: LimitTarget, { durationsMs, timeoutMs }: Searches): Promise<DurationLimit> {
    const onTry = ({ durationMs }: { durationMs: number }): void =>
      view.begin(`${nameOf(target)}: ${durationMs === 0 ? 'at once' : `over ${formatDuration(durationMs)}`}`);
    const options = {
      durationsMs,
      signal,
      onTry,
      onProgress: (progress: Progress) => view.update(progress),
    };
    return searchDurationLimit(checkOf(target, timeoutMs), options, durationRuns(engine, target));
  }
}

/** Searches a target for a size, and shows each try. */
export function searchSize(
  target: LimitTarget,
  { upToBytes, resolutionBytes, timeoutMs }: Pick<Searches, 'upToBytes' | 'resolutionBytes'> & Partial<Searches>,
  engine: OnDemandCommandDeps['engine'],
  view: ProgressView,
  signal: AbortSignal,
): Promise<SizeLimit> {
  const onTry = ({ sizeBytes }: { sizeBytes: number }): void =>
    view.begin(`${nameOf(target)}: ${formatBytes(sizeBytes)}`);
  const onProgress = (progress: Progress): void => view.update(progress);
  const options = { upToBytes, resolutionBytes, signal, onTry, onProgress };
  return searchSizeLimit(checkOf(target, timeoutMs), options, sizeRun(engine, target));
}
