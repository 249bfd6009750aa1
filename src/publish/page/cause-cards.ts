import { listed } from '../../probe/compare/verdict-words.ts';
import type { CauseNow } from '../causes-now.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { capitalized, formatAge, unbroken } from '../format.ts';
import { html, type SafeHtml } from '../html.ts';
import type { PageFrame } from './layout.ts';
import { marked } from './marked.ts';

/** Names on a card before "and N more". */
const mostNames = 6;

/** A card for each cause: what happens where, since when, and what to do about it. */
export function causeCards(frame: PageFrame, causes: readonly CauseNow[], now: Date, showRegistry: boolean): SafeHtml {
  if (causes.length === 0) return html``;
  return html`<section aria-labelledby="causes" class="causes">
<h2 id="causes">${causes.length === 1 ? 'One cause' : `${causes.length} causes`} of failing pushes</h2>
${causes.map((cause) => card(frame, cause, now, showRegistry))}</section>
`;
}

function card(frame: PageFrame, cause: CauseNow, now: Date, showRegistry: boolean): SafeHtml {
  const { title, confidence, remedy, reference, hop, run, since, lastGood } = cause;
  const sinceMs = (date: Date): number => Math.max(0, now.getTime() - date.getTime());
  const where = `${showRegistry ? `${cause.registry}, ` : ''}${names(cause.paths)}`;
  return html`<article class="cause ${confidence}">
<h3><span class="where">${where}</span>: ${confidence === 'open' ? `Perhaps ${title}` : capitalized(title)}</h3>
<p class="do">${remedy === undefined ? html`No cause is known yet. <code>blobprobe diagnose --path=${cause.paths[0]}</code> looks further.` : marked(remedy)}</p>
<p class="soft">Look at: ${hop.replaceAll('_', ' ')}. Pushes of ${names(cause.workloads)} as ${names(cause.clients)} have failed for ${unbroken(formatDuration(sinceMs(since)))}; ${lastGood === undefined ? 'no success is remembered' : `the last one that succeeded began ${unbroken(formatAge(sinceMs(lastGood)))}`}. <a href="${frame.base}/runs/${encodeURIComponent(run.id)}">The newest failing run</a>${reference !== undefined && html` · <a href="${reference}">Why</a>`}</p>
</article>
`;
}

function names(all: readonly string[]): string {
  return all.length <= mostNames
    ? listed(all)
    : `${all.slice(0, mostNames).join(', ')} and ${all.length - mostNames} more`;
}
