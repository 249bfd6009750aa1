import { pushing } from './pushing.ts';
import { durationFlag, sizeFlag } from './flag-values.ts';
import { formatBytes } from '../probe/byte-words.ts';
import type { Config, LimitTarget } from '../config/config.ts';
import type { NetworkPath } from '../network/path.ts';
import { diagnose } from '../probe/diagnose/diagnose.ts';
import { type ExamineOptions, mostExaminedBytes } from '../probe/diagnose/examine-options.ts';
import { examine } from '../probe/diagnose/examine.ts';
import { type Command, exitFailure, usualExitCodes } from './command.ts';
import { type Diagnosed, diagnosisJson, diagnosisText } from './diagnose-text.ts';
import { exitInterrupted } from './interrupt.ts';
import { nameOf } from './limit-text.ts';
import {
  blobCheck,
  examinationFlags,
  largestChecked,
  type OnDemandCommandDeps,
  slowBodyDurations,
  targetsOf,
} from './on-demand-flags.ts';
import type { ProgressView } from './progress.ts';
import { type SelectedTargets, targetFlags } from './select-targets.ts';
import { referenceArgument } from './ad-hoc.ts';

/** Just above Cloudflare's limit, the one that most people meet. */
const defaultSizeBytes = 105_000_000;

/** After this `--quick` begins nothing more; a push that is under way then is ended, and cleaned up in the rest of the two minutes. */
const quickMs = 100_000;

/** Examines paths and names causes. Exit codes: see `exitCodes`. */
export function diagnoseCommand(deps: OnDemandCommandDeps): Command {
  return {
    name: 'diagnose',
    summary: 'Tests a path as a person would by hand, and names cause, hop, evidence and remedy.',
    exitCodes: { 0: 'healthy', 1: 'a fault was found or could not be ruled out', ...usualExitCodes },
    argument: referenceArgument,
    flags: {
      ...targetFlags,
      size: {
        kind: 'text',
        placeholder: 'SIZE',
        help: 'Size in question (default: the largest that the configuration checks with, else 105MB).',
      },
      quick: {
        kind: 'switch',
        help: 'Two minutes at most a path: no slow bodies, and what there is no time for is left out.',
      },
      conformance: {
        kind: 'switch',
        help: 'Try behaviours of the OCI distribution specification as well, over this path and the direct one.',
      },
      ...examinationFlags,
      json: { kind: 'switch', help: 'Write the result as JSON.' },
    },
    async run(values, terminal) {
      const selected = await targetsOf(values, terminal);
      const asked = {
        size: sizeFlag(values, 'size'),
        timeoutMs: durationFlag(values, 'timeout'),
        durationsMs: slowBodyDurations(values),
        deadlineMs: values.isSet('quick') ? quickMs : undefined,
        conformance: values.isSet('conformance'),
      };
      const { result, interrupted } = await pushing(deps, selected, terminal, (view, signal) =>
        diagnoseAll(selected, asked, deps, view, signal),
      );
      terminal.out(values.isSet('json') ? diagnosisJson(result) : result.map(diagnosisText).join('\n'));
      if (interrupted) return exitInterrupted;
      return result.every(({ diagnosis }) => diagnosis.kind === 'healthy') ? 0 : exitFailure;
    },
  };
}

interface Asked {
  readonly size: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly durationsMs: readonly number[];
  readonly deadlineMs: number | undefined;
  readonly conformance: boolean;
}

async function diagnoseAll(
  { targets, config }: SelectedTargets,
  asked: Asked,
  deps: OnDemandCommandDeps,
  view: ProgressView,
  signal: AbortSignal,
): Promise<Diagnosed[]> {
  const all: Diagnosed[] = [];
  for (const target of targets) {
    if (signal.aborted) break;
    const sizeBytes = asked.size ?? largestChecked(target, config) ?? defaultSizeBytes;
    const options: ExamineOptions = {
      check: blobCheck(target, { sizeBytes, name: 'diagnosis', timeoutMs: asked.timeoutMs }, config),
      direct: directPathBeside(target, config),
      durationsMs: asked.durationsMs,
      deadlineMs: asked.deadlineMs,
      conformance: asked.conformance,
      signal,
      onStep: (words) => view.begin(words),
      onProgress: (progress) => view.update(progress),
    };
    view.line(`${nameOf(target)}: sends ${formatBytes(mostExaminedBytes(options))} at most`);
    const examination = await examine(options, deps.engine);
    view.end();
    all.push({ target, sizeBytes, diagnosis: diagnose(examination) });
  }
  return all;
}

/** The path to compare with: the registry's first direct or internal one that is another. */
export function directPathBeside({ registry, path }: LimitTarget, config: Config | undefined): NetworkPath | undefined {
  const paths = config?.registries.find(({ name }) => name === registry.name)?.paths ?? [];
  const others = paths.filter(({ name }) => name !== path.name);
  return others.find(({ kind }) => kind === 'internal') ?? others.find(({ kind }) => kind === 'direct');
}
