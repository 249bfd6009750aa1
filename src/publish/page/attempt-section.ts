import { formatBytes } from '../../probe/byte-words.ts';
import { reasonTable } from '../../probe/judge/reason-table.ts';
import type { Attempt, RequestRecord } from '../../probe/outcome.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { html, type SafeHtml } from '../html.ts';
import { againOf } from '../transcript.ts';

/** The requests of one attempt. */
export function attemptSection(attempt: Attempt): SafeHtml {
  const { failure, pull } = attempt;
  const what = `${pull === undefined ? '' : `${pull} pull of `}${attempt.blob}`;
  return html`<h3>${what}, attempt ${attempt.number}: ${failure === undefined ? 'ok' : html`${reasonTable[failure.reason].title} <code>${failure.reason}</code>`}, ${formatDuration(attempt.durationMs)}${attempt.waitedMs > 0 && ` after waiting ${formatDuration(attempt.waitedMs)}`}</h3>
<div class="scroll" tabindex="0" role="region" aria-label="Requests of attempt ${attempt.number}: ${what}">
<table class="requests">
<thead><tr><th scope="col">Phase</th><th scope="col">Request</th><th scope="col">Status</th><th scope="col">At</th><th scope="col">Took</th><th scope="col">Sent</th><th scope="col">Headers</th></tr></thead>
<tbody>
${attempt.requests.map(requestRow)}</tbody>
</table>
</div>
`;
}

function requestRow(request: RequestRecord): SafeHtml {
  const framing = request.framing === 'none' ? '' : `, ${request.framing}`;
  const headers = Object.entries(request.responseHeaders).map(([name, value]) => html`${name}: ${value}<br>`);
  const answer = html`${request.status ?? request.errorCode ?? 'none'}${request.early && ', before the whole body was sent'}${againOf(request)}`;
  const sent =
    request.plannedBytes > 0 &&
    html`${formatBytes(request.sentBytes)} of ${formatBytes(request.plannedBytes)}${framing}`;
  return html`<tr>
<td>${request.phase}</td><td class="wrap">${request.method} ${request.url}</td>
<td data-column="Status">${answer}</td>
<td class="num" data-column="At">${formatDuration(request.startMs)}</td><td class="num" data-column="Took">${formatDuration(request.durationMs)}</td>
<td class="num" data-column="Sent">${sent}</td>
<td class="wrap">${headers.length > 0 && html`<details class="plain"><summary>${headers.length} header${headers.length > 1 && 's'}</summary>${headers}</details>`}</td>
</tr>
`;
}
