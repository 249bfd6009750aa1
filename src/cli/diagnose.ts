import { pushing } from './pushing.ts';
import { formatBytes } from '../probe/byte-words.ts';
import type { Config, LimitTarget } from '../config/config.ts';
import { directPathBeside } from '../network/direct-path.ts';
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
  examinationOf,
  largeBytesOf,
  type OnDemandCommandDeps,
  targetsOf,
} from './on-demand-flags.ts';
import type { ProgressView } from './progress.ts';
import { type SelectedTargets, targetFlags } from './select-targets.ts';
import { referenceArgument } from './ad-hoc.ts';
import { type FlagValues, jsonFlag, noValue, oneValue } from './flags.ts';

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
      size: oneValue(
        'SIZE',
        'Size of the push to examine (default: the largest size of the configured checks, else 105MB).',
      ),
      quick: noValue('Take two minutes at most for each path: no slow bodies, and fewer tests.'),
      conformance: noValue(
        'Also test behaviours of the OCI distribution specification, over this path and the direct one.',
      ),
      pull: noValue('Also examine pulls: push over the direct path, if one is configured, and pull over this one.'),
      ...examinationFlags,
      ...jsonFlag,
    },
    async run(values, terminal) {
      const selected = await targetsOf(values, terminal);
      const asked = askedOf(values, selected);
      const { result, interrupted } = await pushing(deps, selected, terminal, (view, signal) =>
        diagnoseAll(asked, deps, view, signal),
      );
      terminal.out(values.isSet('json') ? diagnosisJson(result) : result.map(diagnosisText).join('\n'));
      if (interrupted) return exitInterrupted;
      return result.every(({ diagnosis }) => diagnosis.kind === 'healthy') ? 0 : exitFailure;
    },
  };
}

interface Asked {
  readonly target: LimitTarget;
  readonly sizeBytes: number;
  readonly options: Omit<ExamineOptions, 'signal'>;
}

/** What is to be examined of each target. Throws UsageError. */
function askedOf(values: FlagValues, { targets, config }: SelectedTargets): Asked[] {
  const { timeoutMs, durationsMs } = examinationOf(values);
  return targets.map((target) => {
    const sizeBytes = largeBytesOf(values, target, config);
    const options = {
      check: blobCheck(target, { sizeBytes, name: 'diagnosis', timeoutMs }, config),
      direct: directPathOf(target, config),
      durationsMs,
      deadlineMs: values.isSet('quick') ? quickMs : undefined,
      conformance: values.isSet('conformance'),
      pull: values.isSet('pull'),
    };
    return { target, sizeBytes, options };
  });
}

async function diagnoseAll(
  all: readonly Asked[],
  { engine }: OnDemandCommandDeps,
  view: ProgressView,
  signal: AbortSignal,
): Promise<Diagnosed[]> {
  const done: Diagnosed[] = [];
  for (const { target, sizeBytes, options } of all) {
    if (signal.aborted) break;
    view.line(`${nameOf(target)}: sends ${formatBytes(mostExaminedBytes({ ...options, signal }))} at most`);
    const examination = await examine(
      { ...options, signal, onStep: (words) => view.begin(words), onProgress: (progress) => view.update(progress) },
      engine,
    );
    view.end();
    done.push({ target, sizeBytes, diagnosis: diagnose(examination) });
  }
  return done;
}

/** The path to compare with; undefined: none is configured. */
export function directPathOf({ registry, path }: LimitTarget, config: Config | undefined): NetworkPath | undefined {
  return directPathBeside(config?.registries.find(({ name }) => name === registry.name)?.paths ?? [], path);
}
