import { type ApiReport, apiCheckEndpoints } from '../../probe/api-check.ts';
import type { Run } from '../../probe/outcome.ts';
import { formatAge, formatBytes, formatDuration, formatRate, formatTime } from '../format.ts';
import { endedAtMs } from '../history.ts';
import { html, type SafeHtml } from '../html.ts';
import type { LimitFinding } from '../metrics.ts';
import type { CheckState, CheckStatus, RegistryStatus } from '../status.ts';
import type { Page, PageFrame } from './layout.ts';
import { sparkline } from './sparkline.ts';

/** What a round, or a person's diagnosis, concluded about a registry. */
export interface VerdictText {
  readonly registry: string;
  readonly sentence: string;
  /** What to do about it, one thing a line. What is between backticks is to be typed. */
  readonly remedy?: string;
}

export interface StatusPageFacts {
  readonly now: Date;
  readonly registries: readonly RegistryStatus[];
  /** Newest first. */
  readonly failures: readonly Run[];
  readonly verdicts: readonly VerdictText[];
  readonly limits: readonly LimitFinding[];
  /** The last look at each path's API. */
  readonly apis: readonly ApiReport[];
  /** Empty: everything is as it should be. */
  readonly notices: readonly string[];
}

/** State in a sign and a word, so that colour is never needed to read it. */
const stateTexts: Readonly<Record<CheckState, readonly [sign: string, word: string]>> = {
  ok: ['✓', 'ok'],
  retried: ['↻', 'ok after retries'],
  failed: ['✕', 'failed'],
  stale: ['⧖', 'no recent result'],
  unknown: ['–', 'no run yet'],
};

/** The overview: a matrix of paths and workloads for each registry, then the newest failures. */
export function statusPage(frame: PageFrame, facts: StatusPageFacts): Page {
  const registries = facts.registries.map((registry) => registrySection(frame, registry, facts));
  const body = html`<div id="live">
<h1>Status</h1>
<p class="soft">As of <time datetime="${facts.now.toISOString()}">${formatTime(facts.now)}</time>.</p>
${facts.notices.length > 0 && html`<section aria-label="Notices">${facts.notices.map((notice) => html`<p class="notice">${notice}</p>`)}</section>`}
${registries.length === 0 ? html`<p>No checks are configured.</p>` : registries}
<section aria-labelledby="failures">
<h2 id="failures">Newest failures</h2>
${failureList(frame, facts.failures, facts.now)}
</section>
</div>`;
  return { title: 'Status', body, live: true };
}

function registrySection(frame: PageFrame, registry: RegistryStatus, facts: StatusPageFacts): SafeHtml {
  const verdict = facts.verdicts.find((candidate) => candidate.registry === registry.name);
  const columns = registry.columns.map(
    ({ client, workload, sizeBytes }) =>
      html`<th scope="col">${workload} <span class="soft">${formatBytes(sizeBytes)}</span><br><span class="soft">${client}</span></th>`,
  );
  const rows = registry.paths.map(
    (
      path,
    ) => html`<tr><th scope="row">${path}${apiOf(facts.apis, registry.name, path)}${limitsOf(facts.limits, registry.name, path)}</th>
${registry.columns.map(({ client, workload }) =>
  cell(
    frame,
    registry.checks.find((check) => check.path === path && check.client === client && check.workload === workload),
  ),
)}</tr>
`,
  );
  return html`<section>
<h2>${registry.name}</h2>
<p class="verdict ${registry.checks.some(({ state }) => state === 'failed') ? 'failed' : 'ok'}">${verdict?.sentence ?? registry.summary}</p>
${verdict?.remedy !== undefined && remedyList(verdict.remedy)}
${!registry.realWaits && html`<p class="soft">Not all of these checks wait between attempts as the real clients do: durations, and attempts within them, are not theirs.</p>`}
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
  const down = apiCheckEndpoints.flatMap((endpoint) => {
    const state = api.endpoints[endpoint];
    return state.up ? [] : [`${endpoint} (${state.failure.reason})`];
  });
  const up = apiCheckEndpoints.filter((endpoint) => api.endpoints[endpoint].up);
  return html`<br><span class="soft">${up.length > 0 && `API up: ${up.join(', ')}`}</span>${down.length > 0 && html`<br><span class="state failed">API down: ${down.join(', ')}</span>`}`;
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

function failureList(frame: PageFrame, failures: readonly Run[], now: Date): SafeHtml {
  if (failures.length === 0) {
    return html`<p>None in memory.</p>`;
  }
  const rows = failures.map((run) => failureRow(frame, run, now));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Newest failures">
<table>
<thead><tr><th scope="col">When</th><th scope="col">Check</th><th scope="col">Reason</th><th scope="col">Phase</th><th scope="col">Answered by</th><th scope="col">Blame</th><th scope="col">Sent</th><th scope="col">Evidence</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
</div>`;
}

function failureRow(frame: PageFrame, run: Run, now: Date): SafeHtml {
  const { failure, check } = run;
  const endedAt = new Date(endedAtMs(run));
  const ageMs = Math.max(0, now.getTime() - endedAt.getTime());
  return html`<tr>
<td><time datetime="${endedAt.toISOString()}">${formatAge(ageMs)}</time></td>
<td>${check.registry.name} / ${check.path.name} / ${check.client.name} / ${check.workload.name}</td>
<td><a href="${frame.base}/runs/${encodeURIComponent(run.id)}">${failure?.reason}</a></td>
<td>${failure?.phase}</td><td>${failure?.answeredBy}</td><td>${failure?.blame}</td>
<td>${failure !== undefined && formatBytes(failure.sentBytes)}</td>
<td class="evidence">${failure?.evidence.message.slice(0, 200)}</td>
</tr>
`;
}
