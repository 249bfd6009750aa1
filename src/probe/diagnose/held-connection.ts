import type { Exchange } from '../../network/exchange.ts';
import type { Transport } from '../../network/transport.ts';
import { knownSecrets } from '../../registry/auth/known-secrets.ts';
import { openTransport } from '../../registry/open-client.ts';
import { BoundedSignal } from '../bounded-signal.ts';
import type { Check } from '../check.ts';
import { ownClient } from '../clients/controls.ts';
import type { RunClock } from '../deps.ts';
import { isTurnedAway } from '../judge/is-cut.ts';
import { barePing } from '../run/bare-ping.ts';
import { timesToProve } from './flips.ts';
import type { ApiReport } from './api-check.ts';
import type { ExamineDeps, ExamineOptions } from './examine-options.ts';
import { type HeldConnection, requestsOver } from './trial.ts';
import type { TrialLog } from './trial-log.ts';

/** Longest wait for a connection and its answer: a lost packet or two are sent again by then. */
const patienceMs = 4_000;
/** A first connection is tried for after each of these: what counts connections lets one in again when some time is over. */
const restsMs = [0, 4_000, 8_000] as const;
/** So many new connections meet a limit that a push has met. */
const mostNew = 24;
/**
 * So many more are tried at once when one was refused, and again: a limit that counts by time lets one in now and then; where one of two servers behind
 * an address is dead, no more than one is answered in both rounds once in 2,500 times.
 */
const atOnce = 9;
const rounds = 2;

/** Bound on all of it. */
const mostMs = 40_000;

const userAgent = 'blobprobe (connections)';

/** Where connections of a path were turned away after others had been answered: whether it is only new ones. Undefined: there was no sense in it, or no time. */
export async function holdWhereRefused(
  { check, signal, onStep }: ExamineOptions,
  { holdConnection: hold }: Pick<ExamineDeps, 'holdConnection'>,
  log: TrialLog,
  api: ApiReport | undefined,
): Promise<HeldConnection | undefined> {
  const failures = [
    ...log.failed.flatMap(({ run: { failure } }) => failure ?? []),
    ...Object.values(api?.endpoints ?? {}).flatMap((state) => (state.up ? [] : [state.failure])),
  ];
  const isRefused = failures.some(isTurnedAway);
  const isAnswered = requestsOver(log.trials).some(({ status }) => status !== undefined);
  const what = 'new connections beside an open one';
  if (hold === undefined || !isRefused || !isAnswered || !log.hasTimeFor(what)) return undefined;
  onStep?.(what);
  return hold(check, { signal, timeoutMs: Math.min(mostMs, log.leftMs) });
}

/**
 * Opens a connection that stays, and then new ones, one after the other, until one gets no answer; then twice nine at once, before a limit that
 * counts by time lets many in. When no more than one of each nine gets one, the one that stays is used again. All ask GET /v2/ without a login, and any
 * answer counts. Never throws.
 */
export async function holdConnection(
  { path, registry }: Pick<Check, 'path' | 'registry'>,
  clock: RunClock,
  { signal: caller, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<HeldConnection> {
  const ending = new BoundedSignal(caller, timeoutMs);
  const { signal } = ending;
  const speaker = { path, client: ownClient(userAgent), redactor: knownSecrets(path, registry) };
  const open = (): Transport => openTransport({ ...speaker, nowMs: () => clock.nowMs() });
  const ask = (transport: Transport): Promise<Exchange | undefined> =>
    barePing(transport, { path, userAgent, timeoutMs: patienceMs, signal });
  const isRefused = async (): Promise<boolean> => {
    const another = open();
    const answer = await ask(another);
    await another.close();
    return answer === undefined;
  };
  const held = open();
  try {
    if (!(await getsIn(() => ask(held), clock, signal))) return nothingSeen;
    let tried = 0;
    while (tried < mostNew && !(await isRefused())) tried += 1;
    if (tried === mostNew) return nothingSeen;
    let refused = 1;
    for (let round = 0; round < rounds; round += 1) {
      const all = await Promise.all(Array.from({ length: atOnce }, isRefused));
      const turnedAway = all.filter(Boolean).length;
      if (signal.aborted || turnedAway < atOnce - 1) return nothingSeen;
      refused += turnedAway;
    }
    let answered = 0;
    // Another connection than the one that stayed proves nothing.
    for (let times = 0; times < timesToProve; times += 1) if ((await ask(held))?.socketReused === true) answered += 1;
    return { refused, answered };
  } finally {
    ending.stop();
    await held.close();
  }
}

const nothingSeen: HeldConnection = { refused: 0, answered: 0 };

/** Once `signal` has aborted, neither a rest nor a question takes any time. */
async function getsIn(
  ask: () => Promise<Exchange | undefined>,
  clock: RunClock,
  signal: AbortSignal,
): Promise<boolean> {
  for (const restMs of restsMs) {
    if (restMs > 0) await clock.sleep(restMs, signal).catch(() => {});
    if ((await ask()) !== undefined) return true;
  }
  return false;
}
