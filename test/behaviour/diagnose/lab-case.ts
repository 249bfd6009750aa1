import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import { startEdge } from '../../support/lab/edge.ts';
import type { Fault } from '../../support/lab/faults/fault.ts';
import type { Reaction } from '../../support/lab/intercept.ts';
import { presetOf, type PresetName } from '../../../src/lab/presets.ts';
import type { EdgeIdentity } from '../../../src/lab/proxy-styles.ts';
import { type DemoRegistry, type RegistryOptions, startRegistry } from '../../support/lab/registry.ts';
import type { LoggedRequest } from '../../support/lab/request-log.ts';
import type { PathKind } from '../../../src/network/path.ts';
import { checkApi } from '../../../src/probe/diagnose/api-check.ts';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import { mostExaminedBytes } from '../../../src/probe/diagnose/examine-options.ts';
import { examine } from '../../../src/probe/diagnose/examine.ts';
import type { Diagnosis } from '../../../src/probe/diagnose/finding.ts';
import { createRunner } from '../../../src/probe/run/run.ts';
import { createPayloadSource } from '../../../src/registry/payload.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { atBearablePace, stretched } from '../../support/pace.ts';
import { pathTo } from '../../support/paths.ts';

const scale = { size: 0.005, time: 0.01 };
/** The shortest limits on time are 150 ms here, and two events may be late. */
const bearableLagMs = 50;

/** A path with its faults, a registry with its own, and what a diagnosis has to say of them. */
export interface LabCase {
  readonly name: string;
  readonly preset?: PresetName;
  /** In addition to the preset's; `sizeBytes` is the size in question. */
  readonly faults?: (sizeBytes: number) => readonly Fault[];
  readonly identity?: EdgeIdentity;
  readonly kind?: PathKind;
  readonly client?: ClientName;
  readonly registry?: RegistryOptions;
  /** Makes what answers in the registry's place; it may count requests. */
  readonly intercept?: (pace: number) => (request: LoggedRequest, registry: DemoRegistry) => Reaction | undefined;
  /** Hosts besides the path's own that may be sent credentials. */
  readonly allowHosts?: readonly string[];
  /** The registry is not there, on any path. */
  readonly down?: true;
  /** Replicas behind the path, used in turn; the direct path leads to the first one. */
  readonly replicas?: readonly RegistryOptions[];
  /** How long small bodies are made to take, in ms. */
  readonly slow?: readonly number[];
  /** No path to compare with. */
  readonly alone?: true;
  readonly timeoutMs?: number;
}

export interface CaseOutcome {
  readonly diagnosis: Diagnosis;
  /** Bytes that were stated before it began. */
  readonly most: number;
}

/** `cause@hop` of what is certain or likely, in the order of their names. */
export function named({ findings }: Diagnosis): string[] {
  return hopsOf(findings.filter(({ confidence }) => confidence !== 'open'));
}

/** `cause@hop` of what is open, in the order of their names. */
export function open({ findings }: Diagnosis): string[] {
  return hopsOf(findings.filter(({ confidence }) => confidence === 'open'));
}

function hopsOf(findings: Diagnosis['findings']): string[] {
  return findings.map(({ cause, hop }) => `${cause}@${hop}`).sort();
}

/** Nothing listens there; the port of a registry that was closed may soon be another one’s. */
const nowhere = 'http://127.0.0.1:1';

/** Builds the case on real sockets, examines the path and takes everything down again; with slower clocks as long as this process is late. */
export function examineCase(one: LabCase, sizeBytes: number, seed: string): Promise<CaseOutcome> {
  return atBearablePace(bearableLagMs, (pace) => examineAtPace(one, sizeBytes, seed, pace));
}

async function examineAtPace(one: LabCase, sizeBytes: number, seed: string, pace: number): Promise<CaseOutcome> {
  const registry = await startRegistry({ quirks: 'gitea', ...stretched(one.registry, pace) });
  const replicas = await Promise.all((one.replicas ?? []).map((options) => startRegistry(stretched(options, pace))));
  const intercept = one.intercept?.(pace);
  if (intercept !== undefined) registry.intercept = (request) => intercept(request, registry);
  const preset = one.preset === undefined ? undefined : presetOf(one.preset, scale);
  const edge = await startEdge({
    upstream: one.down ? nowhere : replicas.length > 0 ? replicas.map(({ url }) => url) : registry.url,
    identity: preset?.identity ?? one.identity ?? { style: 'nginx' },
    faults: stretched([...(preset?.faults ?? []), ...(one.faults?.(sizeBytes) ?? [])], pace),
    lingerMs: 300 * pace,
  });
  const direct = one.down ? nowhere : (replicas[0]?.url ?? registry.url);
  try {
    return await examineBetween(one, { edge: edge.url, direct }, sizeBytes, seed, pace);
  } finally {
    await Promise.all([edge, registry, ...replicas].map(({ close }) => close()));
  }
}

async function examineBetween(
  one: LabCase,
  origins: { readonly edge: string; readonly direct: string },
  sizeBytes: number,
  seed: string,
  pace: number,
): Promise<CaseOutcome> {
  const { allowHosts = [] } = one;
  const path = pathTo(origins.edge, { name: 'subject', kind: one.kind ?? 'ingress', allowHosts });
  const check = checkOf(origins.edge, {
    client: one.client ?? 'docker',
    sizeBytes,
    path,
    check: { timeoutMs: (one.timeoutMs ?? 10_000) * pace },
  });
  const deps = runDeps({ payloads: createPayloadSource(seed), stallTimeoutMs: 2_000 * pace });
  const options = {
    check,
    direct: one.alone ? undefined : pathTo(origins.direct, { name: 'internal', kind: 'internal', allowHosts }),
    durationsMs: (one.slow ?? []).map((ms) => ms * pace),
    durationResolutionMs: 300 * pace,
    resolutionBytes: Math.ceil(sizeBytes / 4),
    hesitationMs: 20 * pace,
    signal: new AbortController().signal,
  };
  const examination = await examine(options, {
    run: createRunner(deps),
    paced: (pacer) => createRunner({ ...deps, pacer }),
    checkApi: (target, { timeoutMs, signal }) => checkApi(target, { now: () => performance.now(), timeoutMs, signal }),
  });
  return { diagnosis: diagnose(examination), most: mostExaminedBytes(options) };
}

/** Every case of a table. Most of a case is waiting, so many can be under way at the same time. */
export async function examineAll(
  cases: readonly LabCase[],
  sizeBytes: number,
  seed: string,
): Promise<Map<string, CaseOutcome>> {
  const outcomes = new Map<string, CaseOutcome>();
  const work = async (waiting: LabCase[]): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift())
      outcomes.set(one.name, await examineCase(one, sizeBytes, seed));
  };
  const quick = cases.filter(({ slow }) => slow === undefined);
  await Promise.all(Array.from({ length: 16 }, () => work(quick)));
  // Limits on time are told from small bodies sent at once, which a busy machine slows down.
  const slow = cases.filter(({ slow: durations }) => durations !== undefined);
  await Promise.all(Array.from({ length: 4 }, () => work(slow)));
  return outcomes;
}

/** Two runs of each table must agree. */
export const bothRuns = [
  ['first', 1_200_000, 'one'],
  ['second', 1_730_000, 'two'],
] as const;
