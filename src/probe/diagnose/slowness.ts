import { formatBytes } from '../byte-words.ts';
import { formatDuration } from '../../network/duration-words.ts';
import type { Run } from '../outcome.ts';
import { slowCauses } from './causes-slow.ts';
import { type Finding, findingOf } from './finding.ts';
import { leastBytes, sendingWordsOf, slowFactor, type Slowness, slowSending, windowOf } from './slow-sending.ts';
import { type Examination, type Examined, requestsOver, type Trial } from './trial.ts';

/** A name takes this long to resolve before it is worth a word. */
const slowDnsMs = 1_000;
/** So long does no address take that is there, or that refuses. */
const slowConnectMs = 1_000;

/**
 * Slowness that has a cause on this path: found by comparison with another path, or with the same client in one other way; what is
 * only slower than a nearer path is a fact, no fault. Pure.
 */
export function slowFindings(examination: Examination): Finding[] {
  const held = slowSending(examination);
  return [slowResolver(examination), deadAddress(examination), slowHttp2(examination), ...held].flatMap((seen) => {
    if (seen === undefined) return [];
    const { cause, confidence, evidence } = seen;
    const row = slowCauses[cause];
    return [findingOf(cause, row, { hop: row.hop, confidence, evidence: [evidence] })];
  });
}

/** Each new connection waits for its name. */
function slowResolver({ subject, direct }: Examination): Slowness | undefined {
  const here = lookupsOf(subject.trials);
  const slow = here.filter((ms) => ms >= slowDnsMs);
  if (slow.length < 2 || slow.length < here.length / 2) return undefined;
  const there = lookupsOf(direct?.trials ?? []);
  const most = Math.max(0, ...there);
  const compared = there.length === 0 ? '' : `; over ${direct?.path.name ?? ''} ${formatDuration(most)} at most`;
  const differs = there.length >= 2 && most * slowFactor < Math.min(...slow);
  const evidence = `${slow.length} of ${here.length} look-ups of the name took ${formatDuration(Math.min(...slow))} to ${formatDuration(Math.max(...slow))}${compared}`;
  return { cause: 'resolver_slow', confidence: differs ? 'certain' : 'likely', evidence };
}

function lookupsOf(trials: readonly Trial[]): number[] {
  return requestsOver(trials).flatMap(({ dnsMs }) => dnsMs ?? []);
}

/** An address that kept connections waiting and never gave an answer, while another of the same name took them. */
function deadAddress({ subject }: Examination): Slowness | undefined {
  const requests = requestsOver(subject.trials);
  const waits = requests.flatMap(({ tried = [], remoteAddress }) => {
    const dead = tried.find(({ code, ms }) => code === 'ETIMEDOUT' && ms >= slowConnectMs);
    return dead === undefined || remoteAddress === undefined ? [] : [{ ...dead, taker: remoteAddress }];
  });
  const [first] = waits;
  const same = waits.filter(({ address }) => address === first?.address);
  if (first === undefined || same.length < 2) return undefined;
  const answers = requests.some(({ remoteAddress }) => remoteAddress === first.address);
  const evidence = `${first.address} gave no answer to ${same.length} connections, ${formatDuration(first.ms)} each; ${first.taker} took them`;
  return { cause: 'address_dead', confidence: answers ? 'likely' : 'certain', evidence };
}

/** The same client over the same path, once with HTTP/2 and once without. */
function slowHttp2({ subject }: Examination): Slowness | undefined {
  const older = subject.trials.find(({ kind, run }) => kind === 'version' && run.ok);
  const newer = subject.trials.filter(
    ({ kind, run, sizeBytes }) => kind !== 'version' && run.ok && sizeBytes === older?.sizeBytes && isHttp2(run),
  );
  const speed = older?.run.pushBytesPerSecond;
  const slow = newer.flatMap(({ run }) => run.pushBytesPerSecond ?? []);
  const best = Math.max(...slow);
  if (older === undefined || speed === undefined || slow.length === 0 || best * slowFactor > speed) return undefined;
  if (older.sizeBytes < leastBytes) return undefined;
  const window = windowWords(best, windowOf(requestsOver(newer)), roundTripMs(subject));
  const evidence = `${older.run.check.client.name}, ${formatBytes(older.sizeBytes)}: ${formatBytes(best)}/s over HTTP/2${window}; ${formatBytes(speed)}/s over HTTP/1.1 on the same path`;
  return { cause: 'http2_window', confidence: slow.length >= 2 ? 'certain' : 'likely', evidence };
}

function isHttp2(run: Run): boolean {
  return run.pathFacts.httpVersion === '2';
}

/**
 * `, because each round trip of 40 ms carries one window of 64 KiB`, where window and round trip make this throughput; else what each
 * round trip carries.
 */
function windowWords(bytesPerSecond: number, windowBytes: number | undefined, tripMs: number | undefined): string {
  if (tripMs === undefined) return '';
  const carried = bytesPerSecond * (tripMs / 1_000);
  const isOne = windowBytes !== undefined && carried >= 0.5 * windowBytes && carried <= 1.3 * windowBytes;
  return isOne
    ? `, because each round trip of ${formatDuration(tripMs)} carries one window of ${Math.round(windowBytes / 1_024)} KiB`
    : `, ${formatBytes(carried)} in each round trip of ${formatDuration(tripMs)}`;
}

/** Something nearer took the connection: what it took to answer says more of the way. */
const nearFactor = 4;
const nearMs = 20;

/** The shortest TCP connection: one round trip. Where answers always take much longer, the shortest of those. */
function roundTripMs({ trials }: Examined): number | undefined {
  const requests = requestsOver(trials);
  const connects = requests.flatMap(({ connectMs }) => connectMs ?? []);
  const answers = requests.flatMap(({ waitMs, plannedBytes }) => (plannedBytes > 0 ? [] : (waitMs ?? [])));
  if (connects.length === 0) return undefined;
  const [connected, answered] = [Math.min(...connects), Math.min(...answers)];
  const isNear = Number.isFinite(answered) && answered > nearMs && answered > nearFactor * connected;
  return isNear ? answered : connected;
}

/** Facts about speed: the same push over both paths, where one is much slower; and who held slow ones up. */
export function slowFacts(examination: Examination): string[] {
  const { subject, direct } = examination;
  const held = sendingWordsOf(examination);
  const here = bestSpeed(subject);
  const there = direct === undefined ? undefined : bestSpeed(direct);
  if (here === undefined || there === undefined || direct === undefined || here * slowFactor > there) return held;
  const compared = `${subject.path.name}: ${formatBytes(here)}/s at best, and ${formatBytes(there)}/s over ${direct.path.name}`;
  return [compared, ...held];
}

function bestSpeed({ trials }: Examined): number | undefined {
  const large = trials.filter(({ run, sizeBytes }) => run.ok && sizeBytes >= leastBytes);
  const speeds = large.flatMap(({ run }) => run.pushBytesPerSecond ?? []);
  return speeds.length === 0 ? undefined : Math.max(...speeds);
}
