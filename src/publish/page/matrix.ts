import { groupBy } from '../../probe/group-by.ts';
import { formatBytes } from '../../probe/byte-words.ts';
import { reasonTable } from '../../probe/judge/reason-table.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { formatAge, formatRate, unbroken } from '../format.ts';
import { html, type SafeHtml } from '../html.ts';
import type { CheckState, CheckStatus, RegistryStatus } from '../status.ts';
import type { PageFrame } from './layout.ts';
import { sparkline } from './sparkline.ts';

/** State in a sign and a word, so that colour is never needed to read it. */
export const stateTexts: Readonly<Record<CheckState, readonly [sign: string, word: string]>> = {
  ok: ['✓', 'ok'],
  retried: ['↻', 'ok after retries'],
  failed: ['✕', 'failed'],
  stale: ['◷', 'no recent result'],
  unknown: ['–', 'no run yet'],
};

/** The worst first: a cell has the colour of its worst client. */
const severity: readonly CheckState[] = ['failed', 'stale', 'retried', 'unknown', 'ok'];

/** What may be done from the matrix, and what is known of the time to come. */
interface MatrixOptions {
  /** Buttons that start runs. */
  readonly mayRun: boolean;
  /** Milliseconds until the schedule runs such a check; undefined: not known. */
  readonly dueInMs: (check: CheckStatus) => number | undefined;
  /** What stands beside the name of a path. */
  readonly beside: (path: string) => SafeHtml | readonly SafeHtml[];
}

/** A row a path, a column a workload; in a cell a line for each client, which on a phone is its mark alone. */
export function matrix(frame: PageFrame, registry: RegistryStatus, options: MatrixOptions): SafeHtml {
  const workloads = [...new Map(registry.columns.map((column) => [column.workload, column])).values()];
  const cells = groupBy(registry.checks, ({ path, workload }) => JSON.stringify([path, workload]));
  const rows = registry.paths.map(
    (path) => html`<tr><th scope="row">${path}${options.beside(path)}</th>
${workloads.map(({ workload }) => cell(frame, workload, cells.get(JSON.stringify([path, workload])), options))}</tr>
`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Checks of ${registry.name}">
<table class="matrix">
<thead><tr><th scope="col">Path</th>${workloads.map((column) => heading(column, registry, options))}</tr></thead>
<tbody>
${rows}</tbody>
</table>
</div>
`;
}

function heading(
  { workload, sizeBytes }: RegistryStatus['columns'][number],
  { checks }: RegistryStatus,
  { dueInMs }: MatrixOptions,
): SafeHtml {
  const own = checks.filter((check) => check.workload === workload);
  const due = Math.min(...own.map((check) => dueInMs(check) ?? Number.POSITIVE_INFINITY));
  const every = own[0] === undefined ? '' : `every ${formatDuration(own[0].intervalMs)}`;
  return html`<th scope="col">${workload} <span class="soft">${formatBytes(sizeBytes)}</span><br><span class="soft">${every}${Number.isFinite(due) && `, next ${due < 1_000 ? 'now' : `in ${formatDuration(Math.round(due / 1_000) * 1_000)}`}`}</span></th>`;
}

function cell(
  frame: PageFrame,
  workload: string,
  checks: readonly CheckStatus[] | undefined,
  options: MatrixOptions,
): SafeHtml {
  if (checks === undefined)
    return html`<td class="none" data-workload="${workload}"><span class="soft">not checked</span></td>`;
  const worst = severity.find((state) => checks.some((check) => check.state === state)) ?? 'unknown';
  return html`<td class="${worst}" data-workload="${workload}">${checks.map((check) => mark(frame, check, options))}</td>`;
}

function mark(frame: PageFrame, check: CheckStatus, { mayRun }: MatrixOptions): SafeHtml {
  const [sign, word] = stateTexts[check.state];
  const { last, client } = check;
  const what = html`<span aria-hidden="true">${sign}</span> ${client}`;
  if (last === undefined)
    return html`<div class="mark unknown">${what} <span class="soft">${word}</span>${mayRun && runButton(frame, check)}</div>`;
  const durations = check.recent.map(({ durationMs, ok }) => ({ value: durationMs, ok }));
  const { failure } = last;
  return html`<div class="mark ${check.state}"><a href="${frame.base}/runs/${encodeURIComponent(last.runId)}" aria-label="${client}: ${word}">${what}</a>
<span class="said">${failure === undefined ? html`${check.state !== 'ok' && `${word}, `}${last.pushBytesPerSecond !== undefined && `${unbroken(formatRate(last.pushBytesPerSecond))}, `}${unbroken(formatDuration(last.durationMs))}` : html`${reasonTable[failure.reason].title} <code>${failure.reason}</code>`}${last.attempts > 1 && `, ${last.attempts} attempts`}</span>
<span class="tail"><time class="soft" datetime="${last.endedAt.toISOString()}">${unbroken(formatAge(last.ageMs))}</time>${sparkline(durations, `Duration of the last ${durations.length} runs`)}${mayRun && runButton(frame, check)}</span></div>`;
}

/** A form, so that it works without JavaScript; pages of other sites cannot send it (`isCrossSite`). */
export function runButton(
  frame: PageFrame,
  { registry, path, client, workload }: Pick<CheckStatus, 'registry' | 'path' | 'client' | 'workload'>,
  words = '▸',
): SafeHtml {
  const query = new URLSearchParams({ registry, path, client, workload }).toString();
  const label = `Run ${workload} as ${client} over ${path} now`;
  return html`<form class="run" method="post" action="${frame.base}/run?${query}"><button title="${label}" aria-label="${label}">${words}</button></form>`;
}
