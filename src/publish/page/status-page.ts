import { formatBytes } from '../../probe/byte-words.ts';
import { endedAtMs, type Run } from '../../probe/outcome.ts';
import { formatAge, formatTime } from '../format.ts';
import { html, type SafeHtml } from '../html.ts';
import type { CauseNow } from '../causes-now.ts';
import type { StatusView } from '../status-view.ts';
import { causeCards } from './cause-cards.ts';
import type { Page, PageFrame } from './layout.ts';
import { overviewSection, registryBlock } from './overview-section.ts';
import { type PathFindings, registrySection } from './registry-section.ts';

interface StatusPageFacts extends PathFindings {
  readonly now: Date;
  readonly view: StatusView;
  /** Of what the view is about, the worst first. */
  readonly causes: readonly CauseNow[];
  /** Newest first; of the one registry, when the view is of one. */
  readonly failures: readonly Run[];
  /** Empty: everything is as it should be. */
  readonly notices: readonly string[];
}

/** The matrices of all registries, an overview of them, or one of them, as the view has it; then the newest failures. */
export function statusPage(frame: PageFrame, facts: StatusPageFacts): Page {
  const title = facts.view.kind === 'registry' ? `Status of ${facts.view.registry.name}` : 'Status';
  const body = html`<div id="live">
<h1>${title}</h1>
<p class="soft">As of <time datetime="${facts.now.toISOString()}">${formatTime(facts.now)}</time>.</p>
${facts.notices.length > 0 && html`<section aria-label="Notices">${facts.notices.map((notice) => html`<p class="notice">${notice}</p>`)}</section>`}
${causeCards(frame, facts.causes, facts.now, facts.view.kind !== 'registry' && registryCount(facts.view) > 1)}
${checksOf(frame, facts)}
<section aria-labelledby="failures">
<h2 id="failures">Newest failures</h2>
${facts.failures.length === 0 ? html`<p>None in memory.</p>` : html`<details><summary>The last ${facts.failures.length}</summary>${failureList(frame, facts.failures, facts.now)}</details>`}
</section>
</div>`;
  return { title, body, live: true };
}

function registryCount(view: StatusView): number {
  return view.kind === 'registry' ? 1 : view.registries.length;
}

function checksOf(frame: PageFrame, facts: StatusPageFacts): SafeHtml | SafeHtml[] {
  const { view } = facts;
  if (view.kind === 'overview') return overviewSection(frame, view);
  if (view.kind === 'registry') return registryBlock(frame, view, facts);
  return view.registries.length === 0
    ? html`<p>No checks are configured.</p>`
    : view.registries.map((registry) => registrySection(frame, registry, facts));
}

function failureList(frame: PageFrame, failures: readonly Run[], now: Date): SafeHtml {
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
