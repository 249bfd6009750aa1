import { checkId } from '../../probe/check.ts';
import type { Failure } from '../../probe/failure.ts';
import type { Attempt, RequestRecord, Run } from '../../probe/outcome.ts';
import { taintCauses } from '../../probe/taint.ts';
import { reproduceWithCurl } from '../curl.ts';
import { formatAge, formatBytes, formatDuration, formatRate, formatTime } from '../format.ts';
import { endedAtMs } from '../history.ts';
import { html, type HtmlValue, type SafeHtml } from '../html.ts';
import { isCancelled, mostAttempts } from '../observe-run.ts';
import type { LiveRun } from '../live-run.ts';
import { bytesOverTime } from './bytes-chart.ts';
import type { Page, PageFrame } from './layout.ts';
import { liveList } from './live-pages.ts';
import { waterfall } from './waterfall.ts';

export interface RunsPageFacts {
  readonly now: Date;
  /** Newest first. */
  readonly runs: readonly Run[];
  readonly failuresOnly: boolean;
  readonly live: readonly LiveRun[];
  readonly isOnDemand: (id: string) => boolean;
}

/** All runs in memory, newest first, and above them those under way. */
export function runsPage(frame: PageFrame, facts: RunsPageFacts): Page {
  const { runs, failuresOnly, live, now } = facts;
  const rows = runs.map((run) => runRow(frame, run, facts));
  const other = failuresOnly
    ? html`<a href="${frame.base}/runs">all</a>`
    : html`<a href="${frame.base}/runs?failures=true">only failures</a>`;
  const body = html`<div id="live">
<h1>Runs</h1>
${live.length > 0 && liveList(frame, live, now)}
<p>${runs.length} ${failuresOnly ? 'failed runs' : 'runs'}, newest first. Show ${other}.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Runs">
<table>
<thead><tr><th scope="col">Ended</th><th scope="col">Outcome</th><th scope="col">Check</th><th scope="col">Duration</th><th scope="col">Attempts</th><th scope="col">Sent</th><th scope="col">Throughput</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
</div>
</div>`;
  return { title: 'Runs', body, live: true };
}

function runRow(frame: PageFrame, run: Run, { now, isOnDemand }: RunsPageFacts): SafeHtml {
  const endedAt = new Date(endedAtMs(run));
  return html`<tr>
<td><time datetime="${endedAt.toISOString()}">${formatAge(now.getTime() - endedAt.getTime())}</time></td>
<td><a class="state ${stateClass(run)}" href="${frame.base}/runs/${encodeURIComponent(run.id)}">${outcomeText(run)}</a></td>
<td>${checkId(run.check)}${isOnDemand(run.id) && html` <span class="soft">on demand</span>`}</td>
<td class="num">${formatDuration(run.durationMs)}</td><td class="num">${mostAttempts(run)}</td>
<td class="num">${formatBytes(run.sentBytes)}</td>
<td class="num">${run.pushBytesPerSecond !== undefined && formatRate(run.pushBytesPerSecond)}</td>
</tr>
`;
}

/** One run, request by request. */
export function runPage(frame: PageFrame, run: Run, onDemand: boolean): Page {
  const bytes = bytesOverTime(run.attempts, run.durationMs);
  const body = html`<p><a href="${frame.base}/runs">All runs</a></p>
<h1>Run ${run.id}</h1>
${factList([
  ['Check', `${checkId(run.check)}${onDemand ? ', on demand' : ''}`],
  ['Outcome', html`<span class="state ${stateClass(run)}">${outcomeText(run)}</span>`],
  ['Started', formatTime(run.startedAt)],
  ['Duration', `${formatDuration(run.durationMs)}${run.realWaits ? '' : ' (waits between attempts were shortened)'}`],
  ['Attempts', `${run.attempts.length}, at most ${mostAttempts(run)} for one blob`],
  ['Sent', `${formatBytes(run.sentBytes)}, ${formatBytes(run.acknowledgedBytes)} acknowledged`],
  ['Throughput', run.pushBytesPerSecond === undefined ? undefined : formatRate(run.pushBytesPerSecond)],
  ['Pulled', run.pulledBytes === 0 ? undefined : formatBytes(run.pulledBytes)],
  ['On the wire', `${formatBytes(run.wireBytes)} in both directions, all that the budget counts`],
  ['Connected to', connection(run)],
  ['Token service', ownHostOr(run.pathFacts.foreignRealmHost)],
  ['Uploads sent to', ownHostOr(run.pathFacts.foreignLocationHost)],
  ['Event loop', `late by ${formatDuration(run.eventLoopLagMs)} at most`],
  ['CPU limit', throttlingText(run)],
  ['Trust', run.tainted ? `do not trust these timings: ${taintCauses(run, formatDuration)}` : undefined],
  ['Cleanup', cleanupText(run)],
])}
${run.failure !== undefined && failureSection(run.failure)}
<section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2>
${waterfall(run.attempts, run.durationMs)}</section>
${
  bytes !== undefined &&
  html`<section aria-labelledby="bytes"><h2 id="bytes">Bytes over time</h2>
${bytes}</section>`
}
<section aria-labelledby="attempts"><h2 id="attempts">Attempts</h2>
${run.attempts.map(attemptSection)}</section>
<section aria-labelledby="curl"><h2 id="curl">The same with curl</h2>
<p>Without credentials: add <code>-u</code> or a token where the registry wants one.</p>
<pre tabindex="0">${reproduceWithCurl(run.check)}</pre></section>`;
  return { title: `Run ${run.id}`, body };
}

function factList(facts: readonly (readonly [name: string, value: HtmlValue])[]): SafeHtml {
  const known = facts.filter(([, value]) => value !== undefined && value !== '');
  return html`<dl>${known.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

function stateClass(run: Run): string {
  if (isCancelled(run)) {
    return 'stale';
  }
  return run.ok ? (mostAttempts(run) > 1 ? 'retried' : 'ok') : 'failed';
}

function outcomeText(run: Run): string {
  if (run.failure !== undefined) {
    const { reason, phase, answeredBy, status } = run.failure;
    const who =
      answeredBy === 'none' ? '' : `, answered by ${answeredBy}${status === undefined ? '' : ` with ${status}`}`;
    return isCancelled(run) ? 'cancelled' : `${reason} in ${phase}${who}`;
  }
  return mostAttempts(run) > 1 ? `ok after ${mostAttempts(run)} attempts` : 'ok';
}

function connection(run: Run): string {
  const { remoteAddress, httpVersion, tlsVersion, tlsIssuer, certificateExpiresAt } = run.pathFacts;
  const parts = [
    remoteAddress,
    httpVersion === undefined ? undefined : `HTTP/${httpVersion}`,
    tlsVersion,
    tlsIssuer === undefined ? undefined : `certificate by ${tlsIssuer}`,
    certificateExpiresAt === undefined ? undefined : `valid until ${formatTime(certificateExpiresAt)}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** Another host than the path's own is what an operator must see: a direct path may fetch its tokens through the public one. */
function ownHostOr(foreignHost: string | undefined): string | undefined {
  return foreignHost === undefined ? undefined : `${foreignHost}, which is not the host of the path`;
}

function throttlingText({ cpuThrottling }: Run): string {
  if (cpuThrottling === undefined) {
    return 'not known: the system does not tell whether one stopped this process';
  }
  const { periods, ms } = cpuThrottling;
  return periods === 0
    ? 'did not stop this process'
    : `stopped this process ${periods} times, ${formatDuration(ms)} in all`;
}

function cleanupText({ cleanup }: Run): string {
  const failures = cleanup.failures.map(({ kind, reason, message }) => `${kind} left behind (${reason}: ${message})`);
  return failures.length === 0 ? formatDuration(cleanup.durationMs) : failures.join('; ');
}

function failureSection(failure: Failure): SafeHtml {
  const { evidence } = failure;
  const headers = Object.entries(evidence.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  return html`<section aria-labelledby="failure"><h2 id="failure">Failure</h2>
${factList([
  ['Reason', failure.reason],
  ['Phase', failure.phase],
  ['Answered by', failure.answeredBy],
  ['Blame', failure.blame],
  ['Blob', failure.blob],
  ['Sent', `${formatBytes(failure.sentBytes)} when the request was ${formatDuration(failure.elapsedMs)} old`],
  ['Status', failure.status],
  ['Registry code', failure.registryCode],
  ['Message', evidence.message],
  ['Request', evidence.method === undefined ? undefined : `${evidence.method} ${evidence.url ?? ''}`],
  ['Error code', evidence.code],
  ['Our timer', evidence.timer],
  ['Range', evidence.range],
  ['Location', evidence.location],
  ['Early answer', evidence.early === true ? 'yes, before the body was sent' : undefined],
  [
    'Since the last byte',
    evidence.sinceLastByteMs === undefined ? undefined : formatDuration(evidence.sinceLastByteMs),
  ],
  ['Ray id', evidence.rayId],
])}
${headers.length > 0 && html`<pre tabindex="0">${headers.join('\n')}</pre>`}
${evidence.body !== undefined && evidence.body !== '' && html`<pre class="wrap" tabindex="0">${evidence.body}</pre>`}
</section>`;
}

function attemptSection(attempt: Attempt): SafeHtml {
  const { failure } = attempt;
  return html`<h3>${attempt.blob}, attempt ${attempt.number}: ${failure === undefined ? 'ok' : failure.reason}, ${formatDuration(attempt.durationMs)}${attempt.waitedMs > 0 && ` after waiting ${formatDuration(attempt.waitedMs)}`}</h3>
<div class="scroll" tabindex="0" role="region" aria-label="Requests of attempt ${attempt.number} of ${attempt.blob}">
<table>
<thead><tr><th scope="col">Phase</th><th scope="col">Request</th><th scope="col">Status</th><th scope="col">At</th><th scope="col">Took</th><th scope="col">Sent</th><th scope="col">Response headers</th></tr></thead>
<tbody>
${attempt.requests.map(requestRow)}</tbody>
</table>
</div>
`;
}

function requestRow(request: RequestRecord): SafeHtml {
  const framing = request.framing === 'none' ? '' : `, ${request.framing}`;
  const headers = Object.entries(request.responseHeaders).map(([name, value]) => html`${name}: ${value}<br>`);
  return html`<tr>
<td>${request.phase}</td><td class="wrap">${request.method} ${request.url}</td>
<td>${request.status ?? request.errorCode ?? 'none'}${request.early && ' (early)'}</td>
<td class="num">${formatDuration(request.startMs)}</td><td class="num">${formatDuration(request.durationMs)}</td>
<td class="num">${formatBytes(request.sentBytes)} of ${formatBytes(request.plannedBytes)}${framing}</td>
<td class="wrap">${headers}</td>
</tr>
`;
}
