import { pushing } from './pushing.ts';
import { sizeFlag } from './flag-values.ts';
import { messageOf } from '../network/errors.ts';
import { clientProfiles } from '../probe/clients/client-profiles.ts';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import type { Config, LimitTarget } from '../config/config.ts';
import { renderHtmlDocument } from '../publish/report/html-document.ts';
import { renderJson } from '../publish/report/json.ts';
import { renderMarkdown } from '../publish/report/markdown.ts';
import { buildReport } from '../publish/report/report.ts';
import type { ReportData } from '../publish/report/report-data.ts';
import { type Command, exitFailure, type Terminal, usualExitCodes } from './command.ts';
import { type FlagValues, noValue, oneOf, oneValue, UsageError } from './flags.ts';
import { exitInterrupted } from './interrupt.ts';
import {
  examinationFlags,
  examinationOf,
  largeBytesOf,
  type OnDemandCommandDeps,
  targetsOf,
} from './on-demand-flags.ts';
import { collectReport, type ReportPlan } from './report-collect.ts';
import { targetFlags } from './select-targets.ts';
import { referenceArgument } from './ad-hoc.ts';
import { buildInfo } from '../daemon/version.ts';

const defaultSmallBytes = 1024 * 1024;
const reportClients = ['docker', 'docker-containerd'] as const;

const formats = ['markdown', 'html', 'json'] as const;

/** Writes a report on all paths of a registry. Exit codes: see `exitCodes`. */
export function reportCommand(deps: OnDemandCommandDeps): Command {
  return {
    name: 'report',
    summary: 'Pushes over all paths, finds limits and causes, and writes a report to send to a colleague.',
    exitCodes: { 0: 'all paths are healthy', 1: 'a fault is in the report', ...usualExitCodes },
    argument: referenceArgument,
    flags: {
      ...targetFlags,
      format: oneValue('FORMAT', 'markdown (default), html or json.', formats),
      output: oneValue('FILE', 'Write the report to this file instead of standard output.'),
      'small-size': oneValue('SIZE', 'Small push (default 1MiB).'),
      size: oneValue('SIZE', 'Large push (default: the largest configured, else 105MB).'),
      retries: oneValue('HOW', 'none: one attempt (default); profile: as the clients do.', ['none', 'profile']),
      quick: noValue('Send no slow bodies, so limits on time are not searched.'),
      ...examinationFlags,
    },
    async run(values, terminal) {
      const format = oneOf('format', values.text('format') ?? 'markdown', formats);
      const selected = await targetsOf(values, terminal);
      const { targets, config } = selected;
      const plan = planOf(values, targets, config);
      const output = values.text('output');
      if (output !== undefined) openForWriting(output);
      const { version } = buildInfo(terminal.env);
      const { result: data, interrupted } = await pushing(deps, selected, terminal, (view, signal) =>
        collectReport(plan, version, deps, view, signal),
      );
      write(rendered(data, format), output, terminal);
      if (interrupted) return exitInterrupted;
      const healthy =
        data.rounds.every(({ verdict }) => verdict.kind === 'healthy') &&
        data.diagnoses.every(({ diagnosis }) => diagnosis.kind === 'healthy');
      return healthy ? 0 : exitFailure;
    },
  };
}

function planOf(values: FlagValues, selected: readonly LimitTarget[], config: Config | undefined): ReportPlan {
  const registries = [...new Set(selected.map(({ registry }) => registry.name))];
  const [first] = selected;
  if (first === undefined || registries.length > 1)
    throw new UsageError(`a report is on one registry; choose --registry of ${registries.join(', ')}`);
  const largeBytes = largeBytesOf(values, first, config);
  const clients = reportClients.map((name) => clientProfiles[name]);
  return {
    targets: values.isSet('client')
      ? selected
      : selected.flatMap((target) => clients.map((client) => ({ ...target, client }))),
    config,
    smallBytes: Math.min(sizeFlag(values, 'small-size') ?? defaultSmallBytes, Math.ceil(largeBytes / 4)),
    largeBytes,
    ...examinationOf(values),
    retries: oneOf('retries', values.text('retries') ?? 'none', ['none', 'profile']),
  };
}

/** Minutes of pushing must not be lost for a file that cannot be written. What it holds stays until the report is there. Throws UsageError. */
function openForWriting(file: string): void {
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    throw new UsageError(`flag --output: ${messageOf(error)}`);
  }
}

/** A disk may be full by now: then the report goes to standard output, and why to standard error. */
function write(text: string, file: string | undefined, terminal: Terminal): void {
  if (file === undefined) return terminal.out(text);
  try {
    writeFileSync(file, text);
  } catch (error) {
    terminal.err(`blobprobe report: ${messageOf(error)}\n`);
    terminal.out(text);
  }
}

function rendered(data: ReportData, format: (typeof formats)[number]): string {
  if (format === 'json') return renderJson(data);
  const document = buildReport(data);
  return format === 'html' ? renderHtmlDocument(document) : renderMarkdown(document);
}
