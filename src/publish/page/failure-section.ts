import { formatBytes } from '../../probe/byte-words.ts';
import { describeFailure } from '../../probe/compare/verdict-words.ts';
import type { Finding } from '../../probe/diagnose/finding.ts';
import type { Failure } from '../../probe/failure.ts';
import { reasonTable } from '../../probe/judge/reason-table.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { capitalized } from '../format.ts';
import { html, type SafeHtml } from '../html.ts';
import { factList } from './fact-list.ts';
import { marked } from './marked.ts';

/** What came of it in words, where to look and what to do; then, folded, all that was on the wire. */
export function failureSection(failure: Failure, finding: Finding | undefined): SafeHtml {
  const { evidence } = failure;
  const headers = Object.entries(evidence.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  const title = finding === undefined ? reasonTable[failure.reason].title : finding.title;
  const perhaps = finding?.confidence === 'open' ? 'Perhaps ' : '';
  return html`<section aria-labelledby="failure"><h2 id="failure">What went wrong</h2>
<article class="cause ${finding?.confidence ?? 'open'}">
<h3>${sentence(`${perhaps}${title}`)}</h3>
<p class="do">${finding === undefined ? html`No cause is known from this run alone. <code>blobprobe diagnose</code> looks further.` : marked(finding.remedy)}</p>
<p class="soft">Look at: ${(finding?.hop ?? failure.blame).replaceAll('_', ' ')}. ${sentence(describeFailure(failure))}${finding !== undefined && html` <a href="${finding.reference}">Why</a>`}</p>
</article>
<details><summary>All facts about the failure</summary>
${factList([
  ['Reason', html`${reasonTable[failure.reason].title} <code>${failure.reason}</code>`],
  ['Phase', failure.phase],
  ['Answered by', failure.answeredBy === 'none' ? 'nobody' : failure.answeredBy],
  ['Look at first', failure.blame.replaceAll('_', ' ')],
  ['Blob', failure.blob],
  ...moved(failure),
  ['Status', failure.status],
  ['Registry code', failure.registryCode],
  ['Message', evidence.message],
  ['Request', evidence.method === undefined ? undefined : `${evidence.method} ${evidence.url ?? ''}`],
  ['Error code', evidence.code],
  ['Ended by the timer', evidence.timer],
  ['Proxy', evidence.proxyStatus === undefined ? undefined : `refused the tunnel with ${evidence.proxyStatus}`],
  [
    'Addresses',
    evidence.tried
      ?.map(({ address, ms, code }) => `${address} ${code ?? 'connected'} after ${formatDuration(ms)}`)
      .join(', '),
  ],
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
</details>
</section>`;
}

/** How much of a body went out or came in. */
function moved({ sentBytes, elapsedMs, evidence }: Failure): [string, string | undefined][] {
  const { pulledBytes, silentMs = 0, coding } = evidence;
  const isPull = pulledBytes !== undefined;
  return [
    [
      isPull ? 'Pulled' : 'Sent',
      `${formatBytes(pulledBytes ?? sentBytes)} when the request was ${formatDuration(elapsedMs)} old`,
    ],
    ['Silent before', isPull ? formatDuration(silentMs) : undefined],
    ['Content-Encoding', coding],
  ];
}

function sentence(text: string): string {
  return `${capitalized(text)}.`;
}
