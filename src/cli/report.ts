import { writeFileSync } from 'node:fs';
import type { Config, LimitTarget } from '../config/config.ts';
import { renderHtmlDocument } from '../publish/report/html-document.ts';
import { renderJson } from '../publish/report/json.ts';
import { renderMarkdown } from '../publish/report/markdown.ts';
import { buildReport } from '../publish/report/report.ts';
import type { ReportData } from '../publish/report/report-data.ts';
import { type Command, exitFailure, exitUsage, type Terminal, usualExitCodes } from './command.ts';
import { type FlagValues, oneOf, UsageError } from './flags.ts';
import { exitInterrupted, interruptible } from './interrupt.ts';
import {
  durationFlag,
  largestChecked,
  type OnDemandCommandDeps,
  sizeFlag,
  slowBodyDurations,
  targetsOrComplaint,
} from './on-demand-flags.ts';
import { remembering } from './on-demand-ledger.ts';
import { createProgress } from './progress.ts';
import { collectReport, type ReportPlan } from './report-collect.ts';
import { targetFlags } from './select-targets.ts';
import { buildInfo } from './version.ts';

const defaultSmallBytes = 1024 * 1024;
const defaultLargeBytes = 105_000_000;
const reportClients = ['docker', 'docker-containerd'] as const;

/** Writes a report on all paths of a registry. Exit codes: see `exitCodes`. */
export function reportCommand(deps: OnDemandCommandDeps): Command {
  return {
    name: 'report',
    summary: 'Pushes over all paths, finds limits and causes, and writes a report to send to a colleague.',
    exitCodes: { 0: 'all paths are healthy', 1: 'a fault is in the report', ...usualExitCodes },
    flags: {
      ...targetFlags,
      format: { kind: 'text', placeholder: 'FORMAT', help: 'markdown (default), html or json.' },
      output: { kind: 'text', placeholder: 'FILE', help: 'Write the report there instead of to standard output.' },
      'small-size': { kind: 'text', placeholder: 'SIZE', help: 'Small push (default 1MiB).' },
      size: { kind: 'text', placeholder: 'SIZE', help: 'Large push (default: the largest configured, else 105MB).' },
      retries: { kind: 'text', placeholder: 'HOW', help: 'none: one attempt (default); profile: as the clients do.' },
      quick: { kind: 'switch', help: 'No slow bodies: limits on time are not looked for.' },
      'up-to-duration': {
        kind: 'text',
        placeholder: 'DURATION',
        help: 'Longest time that a small body is made to take (default 125s).',
      },
      timeout: { kind: 'text', placeholder: 'DURATION', help: 'Bound on each push (default 15m).' },
    },
    async run(values, terminal) {
      const format = oneOf('format', values.text('format') ?? 'markdown', ['markdown', 'html', 'json']);
      const selected = targetsOrComplaint(values, terminal, deps);
      if (selected === undefined) {
        return exitUsage;
      }
      const { targets, config } = selected;
      const plan = planOf(values, targets, config, deps);
      deps.engine.limitBandwidth(config?.budget.bandwidthBitsPerSecond);
      const view = createProgress({ ...deps, write: (text) => terminal.err(text) });
      const { version } = buildInfo(terminal.env);
      const { result: data, interrupted } = await remembering(deps.ledger, config, terminal, () =>
        interruptible((signal) => collectReport(plan, version, deps, view, signal)),
      );
      view.end();
      write(rendered(data, format), values.text('output'), terminal);
      if (interrupted) {
        return exitInterrupted;
      }
      const healthy =
        data.rounds.every(({ verdict }) => verdict.kind === 'healthy') &&
        data.diagnoses.every(({ diagnosis }) => diagnosis.kind === 'healthy');
      return healthy ? 0 : exitFailure;
    },
  };
}

function planOf(
  values: FlagValues,
  selected: readonly LimitTarget[],
  config: Config | undefined,
  { profiles }: OnDemandCommandDeps,
): ReportPlan {
  const registries = [...new Set(selected.map(({ registry }) => registry.name))];
  const [first] = selected;
  if (first === undefined || registries.length > 1) {
    throw new UsageError(`a report is on one registry; choose --registry of ${registries.join(', ')}`);
  }
  const largeBytes = sizeFlag(values, 'size') ?? largestChecked(first, config) ?? defaultLargeBytes;
  const clients = reportClients.flatMap((name) => profiles[name] ?? []);
  return {
    targets: values.isSet('client')
      ? selected
      : selected.flatMap((target) => clients.map((client) => ({ ...target, client }))),
    config,
    smallBytes: Math.min(sizeFlag(values, 'small-size') ?? defaultSmallBytes, Math.ceil(largeBytes / 4)),
    largeBytes,
    timeoutMs: durationFlag(values, 'timeout'),
    durationsMs: slowBodyDurations(values),
    retries: oneOf('retries', values.text('retries') ?? 'none', ['none', 'profile']),
  };
}

function write(text: string, file: string | undefined, terminal: Terminal): void {
  if (file === undefined) {
    terminal.out(text);
  } else {
    writeFileSync(file, text);
  }
}

function rendered(data: ReportData, format: 'markdown' | 'html' | 'json'): string {
  if (format === 'json') {
    return renderJson(data);
  }
  const document = buildReport(data);
  return format === 'html' ? renderHtmlDocument(document) : renderMarkdown(document);
}
