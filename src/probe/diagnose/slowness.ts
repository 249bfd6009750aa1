import { formatBytes } from '../byte-words.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { slowCauses } from './causes-slow.ts';
import { type Finding, findingOf } from './finding.ts';
import { slowHttp2 } from './http2-window.ts';
import { leastBytes, sendingWordsOf, slowFactor, type Slowness, slowSending } from './slow-sending.ts';
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
  const waitsFor = (dead: string): number => waits.filter(({ address }) => address === dead).length;
  const first = waits.find(({ address }) => waitsFor(address) >= 2);
  if (first === undefined) return undefined;
  const answers = requests.some(({ remoteAddress }) => remoteAddress === first.address);
  const evidence = `${first.address} gave no answer to ${waitsFor(first.address)} connections, ${formatDuration(first.ms)} each; ${first.taker} took them`;
  return { cause: 'address_dead', confidence: answers ? 'likely' : 'certain', evidence };
}

/** Facts about speed: the same push over both paths, where one is much slower; and who held slow ones up. */
export function slowFacts(examination: Examination): string[] {
  const { subject, direct } = examination;
  const held = sendingWordsOf(examination);
  const here = bestSpeed(subject);
  if (direct === undefined) return held;
  const there = bestSpeed(direct);
  if (here === undefined || there === undefined || here * slowFactor > there) return held;
  const compared = `${subject.path.name}: ${formatBytes(here)}/s at best, and ${formatBytes(there)}/s over ${direct.path.name}`;
  return [compared, ...held];
}

function bestSpeed({ trials }: Examined): number | undefined {
  const large = trials.filter(({ run, sizeBytes }) => run.ok && sizeBytes >= leastBytes);
  const speeds = large.flatMap(({ run }) => run.pushBytesPerSecond ?? []);
  return speeds.length === 0 ? undefined : Math.max(...speeds);
}
