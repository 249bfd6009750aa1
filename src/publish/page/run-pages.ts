import { formatBytes } from '../../probe/byte-words.ts';
import { type CheckLabels, checkId, checkLabels, workloadBytes } from '../../probe/check.ts';
import type { Finding } from '../../probe/diagnose/finding.ts';
import type { Failure } from '../../probe/failure.ts';
import { reasonTable } from '../../probe/judge/reason-table.ts';
import type { Run } from '../../probe/outcome.ts';
import { endedAtMs, isCancelled, mostAttempts } from '../../probe/outcome.ts';
import { taintCauses } from '../../probe/run/taint.ts';
import { reproduceWithCurl } from '../curl.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { formatAge, formatRate, formatTime } from '../format.ts';
import { html, type SafeHtml } from '../html.ts';
import type { LiveRun } from '../live-run.ts';
import { pullWords } from '../pull-words.ts';
import { neighbourWords, sendingWords } from '../sending-words.ts';
import { throughProxy } from '../transcript.ts';
import { attemptSection } from './attempt-section.ts';
import { bytesOverTime } from './bytes-chart.ts';
import { factList } from './fact-list.ts';
import { failureSection } from './failure-section.ts';
import type { Page, PageFrame } from './layout.ts';
import { liveList } from './live-pages.ts';
import { runButton } from './matrix.ts';
import { heldUpOverTime } from './kernel-chart.ts';
import { waterfall } from './waterfall.ts';

interface RunsPageFacts {
  readonly now: Date;
  /** Newest first. */
  readonly runs: readonly Run[];
  readonly failuresOnly: boolean;
  /** Names that all of these runs have; none: runs of every check. */
  readonly about: Partial<CheckLabels>;
  readonly live: readonly LiveRun[];
  readonly isOnDemand: (id: string) => boolean;
}

/** All runs in memory, newest first, and above them those under way. */
export function runsPage(frame: PageFrame, facts: RunsPageFacts): Page {
  const { runs, failuresOnly, about, live, now } = facts;
  const rows = runs.map((run) => runRow(frame, run, facts));
  const names = Object.entries(about).filter(([, name]) => name !== undefined);
  const filters = new URLSearchParams(names.map(([label, name]): [string, string] => [label, name]));
  const of = names.length > 0 && html` of ${names.map(([, name]) => name).join(' / ')}`;
  if (!failuresOnly) filters.set('failures', 'true');
  const query = filters.size > 0 && `?${filters.toString()}`;
  const other = html`<a href="${frame.base}/runs${query}">${failuresOnly ? 'all' : 'only failures'}</a>`;
  const everything = names.length > 0 && html` <a href="${frame.base}/runs">Runs of every check</a>.`;
  const body = html`<div id="live">
<h1>Runs</h1>
${live.length > 0 && liveList(frame, live, now)}
<p>${runs.length} ${failuresOnly ? 'failed runs' : 'runs'}${of}, newest first. Show ${other}.${everything}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Runs">
<table class="runs">
<thead><tr><th scope="col">Ended</th><th scope="col">Outcome</th><th scope="col">Check</th><th scope="col" class="num">Duration</th><th scope="col" class="num">Attempts</th><th scope="col" class="num">Sent</th><th scope="col" class="num">Throughput</th></tr></thead>
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
<td><a class="state ${stateClass(run)}" href="${frame.base}/runs/${encodeURIComponent(run.id)}">${outcomeText(run)}</a>${codeOf(run)}</td>
<td class="wrap">${breakable(checkId(run.check))}${isOnDemand(run.id) && html` <span class="soft">on demand</span>`}</td>
<td class="num">${formatDuration(run.durationMs)}</td><td class="num">${mostAttempts(run)}</td>
<td class="num">${formatBytes(run.sentBytes)}</td>
<td class="num">${run.pushBytesPerSecond !== undefined && formatRate(run.pushBytesPerSecond)}</td>
</tr>
`;
}

/** A narrow column breaks the name of a check between its parts. */
function breakable(id: string): SafeHtml[] {
  return id.split('/').map((part, index) => (index === 0 ? html`${part}` : html`/<wbr>${part}`));
}

export interface RunPageFacts {
  readonly onDemand: boolean;
  /** The cause, as far as this run and those beside it tell. */
  readonly finding: Finding | undefined;
  /** A button that runs the same again. */
  readonly mayRun: boolean;
}

/** One run: what it was and what came of it in words, then request by request. */
export function runPage(frame: PageFrame, run: Run, { onDemand, finding, mayRun }: RunPageFacts): Page {
  const bytes = bytesOverTime(run.attempts, run.durationMs);
  const heldUp = heldUpOverTime(run.attempts, run.durationMs);
  const title = runTitle(run);
  const body = html`<p><a href="${frame.base}/runs">All runs</a></p>
<h1>${title}</h1>
${mayRun && html`<p class="screen">${runButton(frame, checkLabels(run.check), 'Run it again now')}</p>`}
${run.failure !== undefined && !isCancelled(run) && failureSection(run.failure, finding)}
${factList([
  ['Run', run.id],
  ['Check', `${checkId(run.check)}${onDemand ? ', on demand' : ''}`],
  ['Outcome', html`<span class="state ${stateClass(run)}">${outcomeText(run)}</span>${codeOf(run)}`],
  ['Started', formatTime(run.startedAt)],
  ['Duration', `${formatDuration(run.durationMs)}${run.realWaits ? '' : ' (waits between attempts were shortened)'}`],
  ['Attempts', `${run.attempts.length}, at most ${mostAttempts(run)} for one blob`],
  ['Sent', `${formatBytes(run.sentBytes)}, ${formatBytes(run.acknowledgedBytes)} acknowledged by the registry`],
  ...sendingWords(run.sending),
  ['Others meanwhile', run.neighbour && neighbourWords(run.neighbour)],
  ['Throughput', run.pushBytesPerSecond === undefined ? undefined : formatRate(run.pushBytesPerSecond)],
  ['Pulled', run.pulledBytes === 0 ? undefined : [formatBytes(run.pulledBytes), ...pullWords(run)].join('; ')],
  ['On the wire', `${formatBytes(run.wireBytes)} in both directions, as the budget counts`],
  ['Connected to', `${connection(run)}${throughProxy(run.check.path)}`],
  ['Token service', ownHostOr(run.pathFacts.foreignRealmHost)],
  ['Uploads sent to', ownHostOr(run.pathFacts.foreignLocationHost)],
  ['Event loop', `late by ${formatDuration(run.eventLoopLagMs)} at most`],
  ['CPU limit', throttlingText(run)],
  ['Trust', run.tainted ? `do not trust these timings: ${taintCauses(run, formatDuration)}` : undefined],
  ['Cleanup', cleanupText(run)],
])}
<section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2>
${waterfall(run.attempts, run.durationMs)}</section>
${
  bytes !== undefined &&
  html`<section aria-labelledby="bytes"><h2 id="bytes">Bytes over time</h2>
${bytes}</section>`
}
${
  heldUp !== undefined &&
  html`<section aria-labelledby="held-up"><h2 id="held-up">What held it up</h2>
${heldUp}</section>`
}
<section aria-labelledby="attempts"><h2 id="attempts">Attempts</h2>
${run.attempts.map(attemptSection)}</section>
<section aria-labelledby="curl"><h2 id="curl">The same with curl</h2>
<p>Without credentials: add <code>-u</code> or a token where the registry wants one.</p>
<pre tabindex="0">${reproduceWithCurl(run.check)}</pre></section>`;
  return { title, body };
}

/** `docker · large (150 MiB) over cloudflare: failed`. */
function runTitle(run: Run): string {
  const { client, workload, path } = checkLabels(run.check);
  const size = formatBytes(workloadBytes(run.check.workload));
  const outcome = isCancelled(run) ? 'cancelled' : run.ok ? 'ok' : 'failed';
  return `${client} · ${workload} (${size}) over ${path}: ${outcome}`;
}

function stateClass(run: Run): string {
  if (isCancelled(run)) return 'stale';
  return run.ok ? (mostAttempts(run) > 1 ? 'retried' : 'ok') : 'failed';
}

function outcomeText(run: Run): string {
  if (isCancelled(run)) return 'cancelled';
  if (run.failure !== undefined) return reasonTable[run.failure.reason].title;
  return mostAttempts(run) > 1 ? `ok after ${mostAttempts(run)} attempts` : 'ok';
}

/** Behind the words of a failure, small: the code of its reason, where it was, and who answered. */
function codeOf(run: Run): SafeHtml | false {
  const { failure } = run;
  return (
    failure !== undefined &&
    !isCancelled(run) &&
    html` <span class="soft"><code>${failure.reason}</code> in ${failure.phase}${whoAnswered(failure)}</span>`
  );
}

function whoAnswered({ answeredBy, status }: Failure): string {
  return answeredBy === 'none' ? '' : `, answered by ${answeredBy}${status === undefined ? '' : ` with ${status}`}`;
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
  if (cpuThrottling === undefined) return 'not known: the system does not tell whether one stopped this process';
  const { periods, ms } = cpuThrottling;
  return periods === 0
    ? 'did not stop this process'
    : `stopped this process ${periods} times, ${formatDuration(ms)} in all`;
}

function cleanupText({ cleanup }: Run): string {
  const failures = cleanup.failures.map(({ kind, reason, message }) => `${kind} left behind (${reason}: ${message})`);
  return failures.length === 0 ? formatDuration(cleanup.durationMs) : failures.join('; ');
}
