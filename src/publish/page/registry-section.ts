import { type ApiReport, apiCheckEndpoints } from '../../probe/api-check.ts';
import { formatAge, formatBytes, formatDuration, formatRate } from '../format.ts';
import { html, type SafeHtml } from '../html.ts';
import type { LimitFinding } from '../metrics.ts';
import type { CheckState, CheckStatus, RegistryStatus } from '../status.ts';
import type { PageFrame } from './layout.ts';
import { sparkline } from './sparkline.ts';

/** What a round, or a person's diagnosis, concluded about a registry. */
export interface VerdictText {
  readonly registry: string;
  readonly sentence: string;
  /** What to do about it, one thing a line. What is between backticks is to be typed. */
  readonly remedy?: string;
}

/** What is known of registries and paths beside runs. */
export interface PathFindings {
  readonly verdicts: readonly VerdictText[];
  readonly limits: readonly LimitFinding[];
  /** The last look at each path's API. */
  readonly apis: readonly ApiReport[];
}

/** State in a sign and a word, so that colour is never needed to read it. */
export const stateTexts: Readonly<Record<CheckState, readonly [sign: string, word: string]>> = {
  ok: ['✓', 'ok'],
  retried: ['↻', 'ok after retries'],
  failed: ['✕', 'failed'],
  stale: ['⧖', 'no recent result'],
  unknown: ['–', 'no run yet'],
};

/** The matrix of a registry: a row a path, a column a workload and client. `note` says what of it is not here. */
export function registrySection(
  frame: PageFrame,
  registry: RegistryStatus,
  facts: PathFindings,
  note: SafeHtml = html``,
): SafeHtml {
  const verdict = facts.verdicts.find((candidate) => candidate.registry === registry.name);
  const columns = registry.columns.map(
    ({ client, workload, sizeBytes }) =>
      html`<th scope="col">${workload} <span class="soft">${formatBytes(sizeBytes)}</span><br><span class="soft">${client}</span></th>`,
  );
  const checks = new Map(registry.checks.map((check) => [cellOf(check), check]));
  const rows = registry.paths.map(
    (
      path,
    ) => html`<tr><th scope="row">${path}${apiOf(facts.apis, registry.name, path)}${limitsOf(facts.limits, registry.name, path)}</th>
${registry.columns.map(({ client, workload }) => cell(frame, checks.get(cellOf({ path, client, workload }))))}</tr>
`,
  );
  return html`<section>
<h2>${registry.name}</h2>
<p class="verdict ${registry.checks.some(({ state }) => state === 'failed') ? 'failed' : 'ok'}">${verdict?.sentence ?? registry.summary}</p>
${verdict?.remedy !== undefined && remedyList(verdict.remedy)}
${!registry.realWaits && html`<p class="soft">Not all of these checks wait between attempts as the real clients do: durations, and attempts within them, are not theirs.</p>`}
${note}
<div class="scroll" tabindex="0" role="region" aria-label="Checks of ${registry.name}">
<table class="matrix">
<thead><tr><th scope="col">Path</th>${columns}</tr></thead>
<tbody>
${rows}</tbody>
</table>
</div>
</section>
`;
}

function cellOf({ path, client, workload }: Pick<CheckStatus, 'path' | 'client' | 'workload'>): string {
  return JSON.stringify([path, client, workload]);
}

function remedyList(remedy: string): SafeHtml {
  const items = remedy.split('\n').map((line) => {
    const parts = line.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
    return html`<li>${parts}</li>`;
  });
  return html`<ul class="remedies" aria-label="What to do">${items}</ul>`;
}

function apiOf(apis: readonly ApiReport[], registry: string, path: string): SafeHtml {
  const api = apis.find((one) => one.registry === registry && one.path === path);
  if (api === undefined) {
    return html``;
  }
  const byReason = new Map<string, string[]>();
  for (const endpoint of apiCheckEndpoints) {
    const state = api.endpoints[endpoint];
    if (!state.up) byReason.set(state.failure.reason, [...(byReason.get(state.failure.reason) ?? []), endpoint]);
  }
  const up = apiCheckEndpoints.filter((endpoint) => api.endpoints[endpoint].up);
  const down = [...byReason].map(([reason, endpoints]) => `${endpoints.join(', ')} (${reason})`);
  return html`${up.length > 0 && html`<br><span class="soft">API up: ${up.join(', ')}</span>`}${down.length > 0 && html`<br><span class="state failed">API down: ${down.join('; ')}</span>`}`;
}

function limitsOf(limits: readonly LimitFinding[], registry: string, path: string): SafeHtml[] {
  return limits
    .filter((limit) => limit.registry === registry && limit.path === path)
    .map(({ client, unit, bounds }) => {
      const show = (value: number): string => (unit === 'bytes' ? formatBytes(value) : formatDuration(value * 1000));
      const parts = [
        bounds.largest_accepted === undefined ? '' : `accepts ${show(bounds.largest_accepted)}`,
        bounds.smallest_rejected === undefined ? '' : `rejects ${show(bounds.smallest_rejected)}`,
      ].filter((part) => part !== '');
      return html`<br><span class="soft">${client}: ${parts.join(', ')}</span>`;
    });
}

function cell(frame: PageFrame, check: CheckStatus | undefined): SafeHtml {
  if (check === undefined) {
    return html`<td class="none">not checked</td>`;
  }
  const [sign, word] = stateTexts[check.state];
  const { last } = check;
  if (last === undefined) {
    return html`<td class="unknown"><span aria-hidden="true">${sign}</span> ${word}</td>`;
  }
  const rate = last.pushBytesPerSecond === undefined ? '' : `${formatRate(last.pushBytesPerSecond)}, `;
  const durations = check.recent.map(({ durationMs, ok }) => ({ value: durationMs, ok }));
  const rates = check.recent.map(({ pushBytesPerSecond, ok }) => ({ value: ok ? pushBytesPerSecond : undefined, ok }));
  return html`<td class="${check.state}">
<a href="${frame.base}/runs/${encodeURIComponent(last.runId)}"><span aria-hidden="true">${sign}</span> ${last.failure === undefined ? word : last.failure.reason}</a>
<div>${rate}${formatDuration(last.durationMs)}${last.attempts > 1 && `, ${last.attempts} attempts`}</div>
<div class="soft"><time datetime="${last.endedAt.toISOString()}">${formatAge(last.ageMs)}</time></div>
<div class="sparks"><figure>${sparkline(durations, `Duration of the last ${durations.length} runs`)}<figcaption aria-hidden="true">duration</figcaption></figure><figure>${sparkline(rates, `Throughput of the last ${rates.length} runs`)}<figcaption aria-hidden="true">throughput</figcaption></figure></div>
</td>`;
}
