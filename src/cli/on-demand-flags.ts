import type { Config, LimitTarget } from '../config/config.ts';
import { durationFlag, sizeFlag } from './flag-values.ts';
import { oneBlob, type Check } from '../probe/check.ts';
import type { Ledger } from '../probe/leftovers/ledger.ts';
import { durationsUpTo, usualDurationsMs } from '../probe/limits/duration-search.ts';
import type { Terminal } from './command.ts';
import { type FlagValues, oneValue } from './flags.ts';
import { selectTargets, type SelectedTargets } from './select-targets.ts';
import type { PushDeps } from './command-deps.ts';

/** What commands that push at once, and end, are given. */
export interface OnDemandCommandDeps extends Pick<PushDeps, 'engine'> {
  /** Remembers what runs leave, in the configured file if there is one; undefined: nothing beyond the engine's own. */
  readonly ledger?: Ledger;
  readonly isTerminal: boolean;
  readonly columns?: number | undefined;
}

/** How long what is pushed to learn something may take; `examinationOf` reads both. */
export const examinationFlags = {
  'up-to-duration': oneValue('DURATION', 'Longest time to try with a small body sent slowly (default 125s).'),
  timeout: oneValue('DURATION', 'Longest time of each push (default 15m).'),
} as const;

/** Bound on one run where neither flag nor configuration says otherwise. */
const usualTimeoutMs = 15 * 60_000;

/** The targets; what was guessed goes to stderr. Throws UsageError, and ConfigError for what is wrong with the file. */
export async function targetsOf(values: FlagValues, terminal: Terminal): Promise<SelectedTargets> {
  const selected = await selectTargets(values, terminal);
  selected.notes?.forEach((note) => terminal.err(`${note}\n`));
  return selected;
}

/**
 * What the flags above say: bound on one push, and how long slow bodies are made to take, none with `--quick`. Throws UsageError.
 */
export function examinationOf(values: FlagValues): {
  readonly timeoutMs: number | undefined;
  readonly durationsMs: readonly number[];
} {
  const upToMs = durationFlag(values, 'up-to-duration');
  const durationsMs = upToMs === undefined ? usualDurationsMs : durationsUpTo(upToMs);
  return { timeoutMs: durationFlag(values, 'timeout'), durationsMs: values.isSet('quick') ? [] : durationsMs };
}

/** A check of one blob, as the target's client pushes it. */
export function blobCheck(
  target: LimitTarget,
  options: { readonly sizeBytes: number; readonly name: string; readonly timeoutMs?: number | undefined },
  config?: Config,
): Check {
  const timeoutMs = options.timeoutMs ?? usualTimeoutMs;
  const times = { intervalMs: timeoutMs, timeoutMs, retryWaitScale: config?.retryWaitScale ?? 1 };
  return oneBlob({ ...target, ...times, retries: 'profile' as const }, options.name, options.sizeBytes);
}

/** Just above Cloudflare's limit, the one that most people meet. */
export const usualLargeBytes = 105_000_000;

/** The size in question on a target: that of `--size`, else the largest that its registry is checked with, else the usual one. */
export function largeBytesOf(values: FlagValues, { registry }: LimitTarget, config: Config | undefined): number {
  const sizes = (config?.checks ?? [])
    .filter((check) => check.registry.name === registry.name)
    .flatMap(({ workload }) => workload.layerBytes);
  return sizeFlag(values, 'size') ?? (sizes.length === 0 ? usualLargeBytes : Math.max(...sizes));
}
