import type { SentAgain } from '../network/exchange.ts';
import { formatBytes } from '../probe/byte-words.ts';
import { checkId, workloadBytes } from '../probe/check.ts';
import type { Failure } from '../probe/failure.ts';
import { reasonTable } from '../probe/judge/reason-table.ts';
import type { Attempt, RequestRecord, Run } from '../probe/outcome.ts';
import { taintCauses } from '../probe/run/taint.ts';
import { formatDuration } from '../network/duration-words.ts';
import { formatTime } from './format.ts';
import { neighbourWords, sendingWords } from './sending-words.ts';

const sentAgainWords: Readonly<Record<SentAgain, string>> = {
  not_processed: 'sent again: the server had not looked at it',
  kept_connection_closed: 'sent again: the kept connection was closed',
};

/** A run request by request as plain text for a terminal, one fact a line. Times are those since the run's start. */
export function transcript(run: Run): string {
  const { check } = run;
  const lines = [
    `run ${run.id} of ${checkId(check)}, started ${formatTime(run.startedAt)}`,
    `${formatBytes(workloadBytes(check.workload))} to ${check.registry.repository} over ${check.path.origin}${throughProxy(check.path)}`,
    '',
    ...run.attempts.flatMap(attemptLines),
    run.failure === undefined
      ? `succeeded after ${formatDuration(run.durationMs)}`
      : `failed after ${formatDuration(run.durationMs)}`,
    ...sendingWords(run.sending).map(([name, value]) => `${name.toLowerCase()}: ${value}`),
    ...(run.neighbour === undefined ? [] : [`others meanwhile: ${neighbourWords(run.neighbour)}`]),
    ...(run.failure === undefined ? [] : failureLines(run.failure)),
    ...run.cleanup.failures.map(({ kind, reason, message }) => `left behind: ${kind}, ${reason}: ${message}`),
    ...(run.tainted ? [`${taintCauses(run, formatDuration)}: do not trust these times`] : []),
  ];
  return `${lines.map(oneLine).join('\n')}\n`;
}

/** ` through proxy.example.org:3128`, or nothing. */
export function throughProxy({ proxy }: Run['check']['path']): string {
  return proxy === undefined ? '' : ` through the proxy ${proxy.host}:${proxy.port}`;
}

function attemptLines(attempt: Attempt): string[] {
  const waited = attempt.waitedMs > 0 ? `, after waiting ${formatDuration(attempt.waitedMs)}` : '';
  const outcome =
    attempt.failure === undefined ? 'ok' : `failed in ${attempt.failure.phase} (${attempt.failure.reason})`;
  return [
    `${attempt.blob}, attempt ${attempt.number}${waited}: ${outcome}, ${formatDuration(attempt.durationMs)}`,
    ...attempt.requests.flatMap(requestLines),
    '',
  ];
}

function requestLines(request: RequestRecord): string[] {
  const sent =
    request.plannedBytes === 0
      ? ''
      : `, sent ${formatBytes(request.sentBytes)} of ${formatBytes(request.plannedBytes)} (${request.framing})`;
  const answer = request.status ?? request.errorCode ?? 'no answer';
  return [
    `  ${request.phase} at ${formatDuration(request.startMs)}: ${request.method} ${request.url}`,
    `    ${answer}${request.early ? ', before the whole body was sent,' : ''} after ${formatDuration(request.durationMs)}${sent}${timesOf(request)}${againOf(request)}`,
    ...Object.entries(request.responseHeaders).map(([name, value]) => `    < ${name}: ${value}`),
  ];
}

/** Behind a request that was sent once more by itself, why. */
export function againOf({ sentAgain }: RequestRecord): string {
  return sentAgain === undefined ? '' : `; ${sentAgainWords[sentAgain]}`;
}

function timesOf(request: RequestRecord): string {
  const parts = (['dns', 'connect', 'tls', 'send', 'wait', 'receive'] as const).flatMap((part) => {
    const ms = request[`${part}Ms`];
    return ms === undefined ? [] : [`${part} ${formatDuration(ms)}`];
  });
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`;
}

function failureLines({ reason, phase, answeredBy, blame, status, registryCode, evidence }: Failure): string[] {
  return [
    `${reasonTable[reason].title} (reason ${reason}, phase ${phase}, answered by ${answeredBy}, blame ${blame})`,
    ...(status === undefined ? [] : [`status ${status}${registryCode === undefined ? '' : `, code ${registryCode}`}`]),
    evidence.message,
    ...(evidence.body === undefined || evidence.body === '' ? [] : [`body: ${evidence.body}`]),
  ];
}

/** Text of a registry must not break lines, move the cursor or flip the reading direction. */
function oneLine(line: string): string {
  return line.replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}
