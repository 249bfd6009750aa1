import { formatAge } from '../format.ts';
import { html, type SafeHtml } from '../html.ts';
import type { CheckState, CheckStatus } from '../status.ts';
import type { OverviewView, Paging, Part, RegistryView } from '../status-view.ts';
import type { PageFrame } from './layout.ts';
import { stateTexts } from './matrix.ts';
import { type PathFindings, registrySection } from './registry-section.ts';

/** What stands for the matrices when there are too many checks for one page: a line a registry, and what is in trouble. */
export function overviewSection(frame: PageFrame, view: OverviewView): SafeHtml {
  const rows = view.registries.map(
    ({
      name,
      summary,
      counts,
    }) => html`<tr><th scope="row"><a href="${registryUrl(frame, name)}">${name}</a><br><span class="soft">${summary}</span></th>
${countedStates.map((state) => html`<td class="num${counts[state] > 0 && ` ${state}`}">${counts[state] > 0 ? counts[state] : '–'}</td>`)}</tr>
`,
  );
  return html`<section aria-labelledby="registries">
<h2 id="registries">Registries</h2>
<p>${view.checkCount} checks are too many for one page: each registry has its own, with all its checks. Most trouble first${isWhole(view.shown) ? '.' : html`; ${range(view.shown)} registries are here.`}</p>
${pager(frame, view)}
<div class="scroll" tabindex="0" role="region" aria-label="Registries">
<table class="registries">
<thead><tr><th scope="col">Registry</th>${countedStates.map((state) => html`<th scope="col">${stateTexts[state][1]}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table>
</div>
</section>
<section aria-labelledby="troubles">
<h2 id="troubles">Checks in trouble</h2>
${troubleList(frame, view)}
</section>
`;
}

/** The matrix of one registry, or the part of it that fits on the page. */
export function registryBlock(frame: PageFrame, view: RegistryView, findings: PathFindings): SafeHtml {
  const { paths, columns, checkCount, registry } = view;
  const whole = isWhole(paths) && isWhole(columns);
  const note = html`<p>${whole ? html`All ${checkCount} checks.` : html`${registry.checks.length} of ${checkCount} checks are here, most trouble first: ${range(paths)} paths, ${range(columns)} workloads and clients.`} <a href="${frame.base}/">All registries</a></p>
${pager(frame, view, registry.name)}`;
  return registrySection(frame, registry, findings, note);
}

const countedStates: readonly CheckState[] = ['failed', 'stale', 'unknown', 'retried', 'ok'];

function troubleList(frame: PageFrame, { troubles, troubleCount }: OverviewView): SafeHtml {
  if (troubles.length === 0) return html`<p>None: every check that had a run succeeded at its first attempt.</p>`;
  return html`<p>${troubles.length < troubleCount ? html`The worst ${troubles.length} of ${troubleCount}; the others are on the pages of their registries.` : html`All ${troubleCount}.`}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Checks in trouble">
<table>
<thead><tr><th scope="col">State</th><th scope="col">Registry</th><th scope="col">Path</th><th scope="col">Client</th><th scope="col">Workload</th><th scope="col">Last run</th></tr></thead>
<tbody>
${troubles.map((check) => troubleRow(frame, check))}</tbody>
</table>
</div>`;
}

function troubleRow(frame: PageFrame, { state, registry, path, client, workload, last }: CheckStatus): SafeHtml {
  const [sign, word] = stateTexts[state];
  const what = html`<span aria-hidden="true">${sign}</span> ${last?.failure?.reason ?? word}`;
  return html`<tr>
<td class="${state}">${last === undefined ? what : html`<a href="${frame.base}/runs/${encodeURIComponent(last.runId)}">${what}</a>`}</td>
<td><a href="${registryUrl(frame, registry)}">${registry}</a></td><td>${path}</td><td>${client}</td><td>${workload}</td>
<td>${last !== undefined && html`<time datetime="${last.endedAt.toISOString()}">${formatAge(last.ageMs)}</time>`}</td>
</tr>
`;
}

function registryUrl(frame: PageFrame, registry: string, page = 1): string {
  return `${frame.base}/?registry=${encodeURIComponent(registry)}${page > 1 ? `&page=${page}` : ''}`;
}

/** Links to the pages before and after; nothing when there is one page. */
function pager(frame: PageFrame, { page, pages }: Paging, registry?: string): SafeHtml {
  if (pages === 1) return html``;
  const url = (to: number): string =>
    registry === undefined ? `${frame.base}/?page=${to}` : registryUrl(frame, registry, to);
  return html`<nav class="pager" aria-label="Pages of the list">
${page > 1 && html`<a rel="prev" href="${url(page - 1)}">Previous page</a>`}
<span>Page ${page} of ${pages}</span>
${page < pages && html`<a rel="next" href="${url(page + 1)}">Next page</a>`}
</nav>`;
}

function isWhole({ from, to, total }: Part): boolean {
  return from <= 1 && to === total;
}

/** `1 to 40 of 100`. */
function range({ from, to, total }: Part): string {
  return `${from} to ${to} of ${total}`;
}
