import { formatBytes } from '../../probe/byte-words.ts';
import { checkId, workloadBytes } from '../../probe/check.ts';
import type { Progress } from '../../probe/outcome.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { formatAge } from '../format.ts';
import { html, type SafeHtml } from '../html.ts';
import type { LiveRun } from '../live-run.ts';
import type { Page, PageFrame } from './layout.ts';

/** A run that has not ended yet. When it has, the same URL has its requests. */
export function liveRunPage(frame: PageFrame, run: LiveRun, now: Date): Page {
  const body = html`<div id="live" data-every="1000">
<p><a href="${frame.base}/runs">All runs</a></p>
<h1>Run ${run.id}</h1>
<dl><dt>Check</dt><dd>${checkId(run.check)}${run.onDemand && ', on demand'}</dd>
<dt>State</dt><dd>${stateText(run)}, ${run.state === 'queued' ? 'asked for' : 'started'} ${ageOf(run, now)}</dd>
<dt>Size</dt><dd>${formatBytes(workloadBytes(run.check.workload))}</dd>
${run.progress !== undefined && progressFacts(run.progress)}</dl>
</div>`;
  return { title: `Run ${run.id}`, body, live: 'often' };
}

/** The runs under way as a list, for the top of another page. */
export function liveList(frame: PageFrame, runs: readonly LiveRun[], now: Date): SafeHtml {
  const items = runs.map(
    (run) =>
      html`<li><a href="${frame.base}/runs/${encodeURIComponent(run.id)}">${checkId(run.check)}</a> ${stateText(run)}${run.progress !== undefined && `: ${progressText(run.progress)}`} (${ageOf(run, now)})</li>
`,
  );
  return html`<ul class="running">${items}</ul>`;
}

function progressFacts(progress: Progress): SafeHtml {
  return html`<dt>Progress</dt><dd>${progressText(progress)}<br>
<progress max="${Math.max(1, progress.totalBytes)}" value="${progress.sentBytes}" aria-label="Bytes sent in this attempt"></progress></dd>`;
}

function progressText({ phase, blob, attempt, maxAttempts, sentBytes, totalBytes, waitingMs }: Progress): string {
  const what = `${blob}, attempt ${attempt} of ${maxAttempts}`;
  return waitingMs === undefined
    ? `${what}: ${phase}, ${formatBytes(sentBytes)} of ${formatBytes(totalBytes)}`
    : `${what}: waiting ${formatDuration(waitingMs)} before it`;
}

function stateText({ state }: LiveRun): string {
  return state === 'queued' ? 'waiting for another push to end' : 'running';
}

function ageOf({ since }: LiveRun, now: Date): string {
  return formatAge(Math.max(0, now.getTime() - since.getTime()));
}
