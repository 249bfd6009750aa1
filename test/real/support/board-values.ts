import { dashboardFiles } from '../../../grafana/src/dashboards.ts';
import { type BoardQuery, expanded, queriesOf } from '../../support/board-queries.ts';
import type { RunningDaemon } from './daemon.ts';
import type { QueryResult, RunningPrometheus } from './prometheus.ts';

export const boardQueries: readonly BoardQuery[] = Object.values(dashboardFiles()).flatMap(queriesOf);

/** Queries that are right to return nothing. */
export const rightlyEmpty = boardQueries
  .filter(
    ({ where, expr }) =>
      // True in the step after a restart, a reload or the beginning of an alert only.
      /annotation (?:Alerts|Reloads|Restarts)$/.test(where) ||
      // No check of the demonstration asks how it is for others.
      expr.includes('blobprobe_last_neighbour_seconds') ||
      // Only ledgers in trouble are shown: one that cannot be written, lines of it that were lost.
      /blobprobe_ledger_(?:writable\{[^}]*\} == 0|unreadable_lines\{[^}]*\} > 0)/.test(expr),
  )
  .map(nameOf);

/** Those of the boards' queries that return nothing at a time. Throws for one that Prometheus refuses. */
export async function emptyQueries(
  prometheus: RunningPrometheus,
  values: Readonly<Record<string, string>>,
  atSeconds: number,
): Promise<string[]> {
  const empty: string[] = [];
  for (const query of boardQueries)
    if ((await prometheus.query(expanded(query.expr, values), atSeconds)).length === 0) empty.push(nameOf(query));
  return empty;
}

function nameOf({ where, expr }: BoardQuery): string {
  return `${where}: ${expr}`;
}

/** A row of the panel "Checks over this path, failing first", with every path chosen; seconds and bytes per second, rounded as far as two renderings may differ. */
export interface CheckRow {
  readonly ok: number;
  /** Of the last success in the panel, of the last run if it succeeded on the status page. */
  readonly throughput?: number | undefined;
  readonly attempts: number;
  readonly duration: number;
  readonly age: number;
}

/** That panel's table at a time, by `PATH CLIENT WORKLOAD`. */
export async function checkTable(
  prometheus: RunningPrometheus,
  values: Readonly<Record<string, string>>,
  atSeconds: number,
): Promise<ReadonlyMap<string, CheckRow>> {
  const queries = boardQueries.filter(({ where }) => where.endsWith(': Checks over this path, failing first'));
  const columns = await Promise.all(
    queries.map(async ({ expr }) => byCheck(await prometheus.query(expanded(expr, values), atSeconds))),
  );
  const [ok, , age, throughput, attempts, duration] = columns;
  const row = (check: string): CheckRow => ({
    ok: ok!.get(check)!,
    throughput: rounded(throughput!.get(check)),
    attempts: attempts!.get(check)!,
    duration: rounded(duration!.get(check)!),
    age: age!.get(check)!,
  });
  return new Map([...ok!.keys()].map((check) => [check, row(check)]));
}

/** The same from the product's own status, as far as it says it. */
export async function statusTable(daemon: RunningDaemon, nowSeconds: number): Promise<ReadonlyMap<string, CheckRow>> {
  const { registries } = (await (await daemon.get('/api/v1/status')).json()) as StatusAnswer;
  return new Map(
    registries
      .flatMap(({ checks }) => checks)
      .flatMap(({ path, client, workload, last }) => {
        if (last === undefined) return [];
        const row: CheckRow = {
          ok: last.ok ? 1 : 0,
          ...(last.ok && { throughput: rounded(last.pushBytesPerSecond) }),
          attempts: last.attempts,
          duration: rounded(last.durationMs / 1_000),
          age: nowSeconds - Date.parse(last.endedAt) / 1_000,
        };
        return [[`${path} ${client} ${workload}`, row] as const];
      }),
  );
}

interface StatusAnswer {
  readonly registries: readonly {
    readonly checks: readonly {
      readonly path: string;
      readonly client: string;
      readonly workload: string;
      readonly last?: {
        readonly endedAt: string;
        readonly ok: boolean;
        readonly attempts: number;
        readonly durationMs: number;
        readonly pushBytesPerSecond?: number;
      };
    }[];
  }[];
}

function rounded<T extends number | undefined>(value: T): T {
  return (value === undefined ? value : Number(value.toPrecision(9))) as T;
}

function byCheck(results: readonly QueryResult[]): ReadonlyMap<string, number> {
  return new Map(
    results.map(({ metric, value }) => [
      `${metric['path']} ${metric['client']} ${metric['workload']}`,
      Number(value?.[1]),
    ]),
  );
}

/** Panels that read a histogram: what each half says of the classic buckets and of the native histogram of the same scrapes. */
export async function bothForms(
  prometheus: RunningPrometheus,
  values: Readonly<Record<string, string>>,
  atSeconds: number,
): Promise<{ where: string; classic: Record<string, number>; native: Record<string, number> }[]> {
  const forms = [];
  for (const { where, expr } of boardQueries) {
    const [classic, native, ...more] = expr.split(' or ');
    if (!/histogram_(?:quantile|sum)/.test(expr) || native === undefined || more.length > 0) continue;
    const valuesOf = async (half: string | undefined): Promise<Record<string, number>> => {
      const results = await prometheus.query(expanded(sinceStart(half ?? ''), values), atSeconds);
      return Object.fromEntries(
        results.map(({ metric, value }) => [JSON.stringify(metric), rounded(Number(value?.[1]))]),
      );
    };
    forms.push({ where, classic: await valuesOf(classic), native: await valuesOf(native) });
  }
  return forms;
}

/**
 * The same of sums instead of increases, because what `increase` extrapolates differs between buckets and whole histograms; and
 * a little beside the quantile, because one that falls between two buckets is the end of either.
 */
function sinceStart(expr: string): string {
  return expr
    .replaceAll(/increase\((\w+\{[^}]*\})\[[^\]]*\]\)/g, '$1')
    .replaceAll(/(?<=histogram_quantile\()[\d.]+/g, (quantile) => `${quantile} - 0.00123`);
}

/** Rules that cannot be evaluated. */
export async function unhealthyRules(prometheus: RunningPrometheus): Promise<readonly object[]> {
  const { groups } = (await prometheus.get('/api/v1/rules')) as {
    groups: { rules: { name: string; health: string; lastError?: string }[] }[];
  };
  return groups.flatMap((group) => group.rules).filter(({ health }) => health !== 'ok');
}
