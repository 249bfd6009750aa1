import { pushing } from './pushing.ts';
import { formatBytes } from '../probe/byte-words.ts';
import type { LimitTarget } from '../config/config.ts';
import { type Check, checkId, workloadBytes } from '../probe/check.ts';
import type { Finding } from '../probe/diagnose/finding.ts';
import { findingFor } from '../probe/diagnose/judge-run.ts';
import { mostAttempts, type Run } from '../probe/outcome.ts';
import { formatDuration } from '../network/duration-words.ts';
import { formatRate, jsonText } from '../publish/format.ts';
import { pullWords } from '../publish/pull-words.ts';
import { heldUpBy } from '../publish/sending-words.ts';
import { runView } from '../publish/run-view.ts';
import { transcript } from '../publish/transcript.ts';
import { type Command, exitFailure, usualExitCodes } from './command.ts';
import { type FlagValues, noValue, oneOf, oneValue, UsageError } from './flags.ts';
import { exitInterrupted } from './interrupt.ts';
import { durationFlag, sizeFlag } from './flag-values.ts';
import { blobCheck, type OnDemandCommandDeps, targetsOf } from './on-demand-flags.ts';
import { type SelectedTargets, targetFlags } from './select-targets.ts';
import { referenceArgument } from './ad-hoc.ts';

const defaultSize = 10 * 1024 * 1024;

/** Pushes one blob or image, once. Exit codes: see `exitCodes`. */
export function pushCommand(deps: OnDemandCommandDeps): Command {
  return {
    name: 'push',
    summary: 'Pushes once, now, over one path with one client, and reports the outcome.',
    exitCodes: { 0: 'pushed', 1: 'failed', ...usualExitCodes },
    argument: referenceArgument,
    flags: {
      ...targetFlags,
      workload: oneValue('NAME', 'Push this workload of the configuration.'),
      size: oneValue('SIZE', 'Push one blob of this size (default 10MiB).'),
      retries: oneValue('HOW', 'profile: as the client does (default); none: one attempt.', ['profile', 'none']),
      timeout: oneValue('DURATION', 'Longest time of the whole run (default 15m).'),
      pull: noValue('Then pull the blob twice as the client does, and compare it.'),
      json: noValue('Print the run as JSON, request by request.'),
    },
    async run(values, terminal) {
      const selected = await targetsOf(values, terminal);
      const check = checkOf(values, selected);
      const { result: run, interrupted } = await pushing(deps, selected, terminal, (view, signal) => {
        view.begin(`${checkId(check)}, ${formatBytes(workloadBytes(check.workload))}`);
        return deps.engine.run(check, { signal, onProgress: (progress) => view.update(progress) });
      });
      terminal.out(values.isSet('json') ? jsonText(runView(run, true, findingFor(run))) : outcomeText(run));
      if (interrupted) return exitInterrupted;
      return run.ok ? 0 : exitFailure;
    },
  };
}

function checkOf(values: FlagValues, { targets, config }: SelectedTargets): Check {
  const target = onlyOne(targets);
  const sizeBytes = sizeFlag(values, 'size');
  const name = values.text('workload');
  if (name !== undefined && sizeBytes !== undefined)
    throw new UsageError('flags --workload and --size exclude each other');
  const timeoutMs = durationFlag(values, 'timeout');
  const sized = blobCheck(
    target,
    { sizeBytes: sizeBytes ?? defaultSize, name: values.text('size') ?? '10MiB', timeoutMs },
    config,
  );
  const base = name === undefined ? sized : configured(name, target, config, timeoutMs);
  const retries = oneOf('retries', values.text('retries') ?? 'profile', ['profile', 'none']);
  const workload = values.isSet('pull') ? { ...base.workload, pull: true } : base.workload;
  return { ...base, workload, retries };
}

function onlyOne(targets: readonly LimitTarget[]): LimitTarget {
  const [target, ...more] = targets;
  if (target === undefined || more.length > 0) {
    const names = [...new Set(targets.map(({ registry, path }) => `${registry.name}/${path.name}`))];
    throw new UsageError(
      names.length > 1
        ? `one push goes over one path; choose --registry and --path of ${names.join(', ')}`
        : 'one push is made by one client; give --client once',
    );
  }
  return target;
}

/** The workload as configured, over this path as this client, also where the configuration does not pair them. */
function configured(
  name: string,
  target: LimitTarget,
  config: SelectedTargets['config'],
  timeoutMs: number | undefined,
): Check {
  const inRegistry = (config?.checks ?? []).filter(({ registry }) => registry.name === target.registry.name);
  const found = inRegistry.find(({ workload }) => workload.name === name);
  if (found === undefined) {
    const known = [...new Set(inRegistry.map(({ workload }) => workload.name))];
    throw new UsageError(
      `flag --workload: no workload ${JSON.stringify(name)}${known.length === 0 ? ' without a configuration' : `, there are ${known.join(', ')}`}`,
    );
  }
  return { ...found, ...target, timeoutMs: timeoutMs ?? found.timeoutMs };
}

/** The outcome in words; of a failure also the evidence, and what would help as far as one run can tell. */
export function outcomeText(run: Run): string {
  const { check, pushBytesPerSecond } = run;
  const size = formatBytes(workloadBytes(check.workload));
  const tries = mostAttempts(run);
  const after = tries === 1 ? '' : `, ${tries} attempts`;
  if (run.ok) {
    const rates = [
      ...(pushBytesPerSecond === undefined ? [] : [`sent at ${formatRate(pushBytesPerSecond)}`]),
      ...pullWords(run).map((words) => `pulled ${words}`),
    ];
    const held = heldUpBy(run.sending ?? {});
    return `${checkId(check)}: pushed ${size} in ${formatDuration(run.durationMs)}${after}${rates.map((rate) => `, ${rate}`).join('')}${held === undefined ? '' : `; held up by: ${held}`}\n`;
  }
  const finding = findingFor(run);
  return [
    `${checkId(check)}: failed after ${formatDuration(run.durationMs)}${after}\n\n`,
    transcript(run),
    ...(run.failure?.reason === 'cancelled' ? [] : causeWords(finding)),
  ].join('');
}

/** What would help, as far as one push without another to compare with can tell. */
function causeWords(finding: Finding | undefined): string[] {
  return finding === undefined
    ? ['\nWhat causes it, one push does not tell: blobprobe diagnose, with the same flags, compares it with others\n']
    : [
        `\n${finding.confidence === 'open' ? 'Perhaps' : 'Cause'}: ${finding.title}\nRemedy: ${finding.remedy}\nSee: ${finding.reference}\n`,
        `To be sure: blobprobe diagnose, with the same flags\n`,
      ];
}
