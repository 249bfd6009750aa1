import type { NetworkPath } from '../../network/path.ts';
import type { ApiReport } from '../../probe/diagnose/api-check.ts';
import { workloadBytes } from '../../probe/check.ts';
import type { Diagnosis } from '../../probe/diagnose/finding.ts';
import type { PathLimit } from '../../probe/limits/limit.ts';
import type { Run } from '../../probe/outcome.ts';
import type { Round } from '../../probe/compare/round.ts';

/** What a report on one registry is made of. Whatever was not measured is left out, and the report says so. */
export interface ReportData {
  readonly generatedAt: Date;
  readonly version: string;
  readonly registry: { readonly name: string; readonly repository: string };
  /** In the order in which they are to be shown. */
  readonly paths: readonly Pick<NetworkPath, 'name' | 'origin' | 'kind'>[];
  readonly rounds: readonly Round[];
  readonly apis: readonly ApiReport[];
  readonly limits: readonly PathLimit[];
  readonly diagnoses: readonly ReportedDiagnosis[];
}

export interface ReportedDiagnosis {
  readonly path: string;
  readonly client: string;
  readonly sizeBytes: number;
  readonly diagnosis: Diagnosis;
}

/** All runs, in the order of paths, sizes and clients: rounds run in random order, and a report must not differ by that. */
export function runsOf({ paths, rounds }: ReportData): Run[] {
  const place = (run: Run): number => paths.findIndex(({ name }) => name === run.check.path.name);
  return rounds
    .flatMap(({ runs }) => runs)
    .filter((run) => place(run) >= 0)
    .toSorted((a, b) => place(a) - place(b) || sizeOf(a) - sizeOf(b) || nameOf(a).localeCompare(nameOf(b)));
}

export function runsOver(data: ReportData, path: string): Run[] {
  return runsOf(data).filter(({ check }) => check.path.name === path);
}

export function sizeOf({ check }: Run): number {
  return workloadBytes(check.workload);
}

function nameOf({ check }: Run): string {
  return check.client.name;
}
