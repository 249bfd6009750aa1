import type { RequestRecord, Run } from '../../src/probe/outcome.ts';
import { plainMiB, securedKiB, type TruthLab } from './lab.ts';
import type { Injected, RequestTruth, Truth } from './protocol.ts';
import { untilTrue } from './until-true.ts';
import { handshakeTimeMs } from './wire-times.ts';
import { takenAtMs, type WriteWatch } from './writes.ts';

/** The parts of a run, as the API has them, that are compared. */
type MeasuredRun = Pick<Run, 'attempts' | 'pushBytesPerSecond'>;

/** By how much a run was wrong: milliseconds for each phase, percent for the throughput. Absolute values. */
export type Errors = ReadonlyMap<string, number>;

const MiB = 1024 * 1024;

type Range = readonly [number, number];

/** One run of each kind with delays of its own, between these milliseconds, and what came out of it beside the truth. */
export async function compareOnce(lab: TruthLab, random: () => number, delayMs = delayRange): Promise<Errors> {
  const secured = await measure(lab, 'secured', () => delays(random, delayMs, false));
  const plain = await measure(lab, 'plain', () => delays(random, delayMs, true));
  return new Map([...securedErrors(secured.run, secured.truth), ...plainErrors(plain.run, plain.truth)]);
}

/**
 * How wrong a run was about the moment at which the kernel had taken the last byte of the body, which ends `send` and begins `wait`: the one
 * thing that no packet shows. `writes` see it.
 */
export async function compareSplit(
  lab: TruthLab,
  writes: WriteWatch,
  random: () => number,
  delayMs = delayRange,
): Promise<Errors> {
  writes.forget();
  const { run, truth } = await measure(lab, 'plain', () => delays(random, delayMs, true));
  const [at, { sendMs = Number.NaN, waitMs = Number.NaN }] = patchOf(run);
  const { totalMs, wireBytes, answeredAtMs = Number.NaN } = requestTruth(truth, at);
  const takenMs = (bytes: number): number | undefined => takenAtMs(writes.writes, bytes, answeredAtMs - totalMs);
  await untilTrue(() => takenMs(wireBytes) !== undefined);
  const trueWaitMs = answeredAtMs - (takenMs(wireBytes - terminatorBytes) ?? Number.NaN);
  return new Map([
    ['send', Math.abs(sendMs - (totalMs - trueWaitMs))],
    ['wait', Math.abs(waitMs - trueWaitMs)],
  ]);
}

/** The bytes that end a chunked body: the prober's clock of `send` stops when the last byte before them is out. */
const terminatorBytes = '\r\n0\r\n\r\n'.length;

async function measure(
  { daemon, server }: TruthLab,
  path: 'secured' | 'plain',
  delaysOfRun: () => Injected,
): Promise<{ run: MeasuredRun; truth: Truth }> {
  const size = path === 'plain' ? `${plainMiB}MiB` : `${securedKiB}KiB`;
  for (let tried = 1; ; tried += 1) {
    await server.inject(delaysOfRun());
    const { runId } = await daemon.probe({ registry: 'bench', path, client: 'docker', size, retries: 'none' });
    const truth = await server.tell();
    const run = (await daemon.run(runId)) as MeasuredRun;
    // The daemon looks at the path's API every few minutes: a run beside such a look has nothing of its own to compare with.
    if (isAlone(run, truth)) return { run, truth };
    if (tried === mostTries) throw new Error(`path ${path}: the server has not seen what the run says it sent`);
  }
}

/**
 * How wrong `connect` was of a connection that TCP itself made late, without a proxy; milliseconds. Undefined where nobody sees the packets.
 */
export async function compareLateConnection({ daemon, held, watch }: TruthLab): Promise<number | undefined> {
  if (watch === undefined) return undefined;
  await held.hold();
  watch.forget();
  const { runId } = await daemon.probe({
    registry: 'bench',
    path: 'held',
    client: 'docker',
    size: '1KiB',
    retries: 'none',
  });
  const { phaseMs } = attemptOf((await daemon.run(runId)) as MeasuredRun);
  const truthMs = handshakeTimeMs(watch.packets, held.port) ?? Number.NaN;
  // A second's wait was asked for: without it nothing was compared.
  if (!(truthMs > 900)) throw new Error(`expected a connection that is late by a second, got ${truthMs} ms`);
  return Math.abs((phaseMs['connect'] ?? Number.NaN) - truthMs);
}

const mostTries = 3;

/** Whether the server saw the requests of the run, and before them no others. */
function isAlone(run: MeasuredRun, truth: Truth): boolean {
  return attemptOf(run).requests.every(({ method, url }, at) => {
    const seen = truth.requests[at];
    return seen?.method === method && seen.target.split('?')[0] === new URL(url).pathname;
  });
}

const delayRange: Range = [5, 40];

/** A delay for each step, and a body that is read at 100 to 200 MiB/s. */
function delays(random: () => number, [least, most]: Range, slowBody: boolean): Injected {
  const delay = (): number => least + Math.round(random() * (most - least));
  return {
    dnsMs: delay(),
    connectMs: delay(),
    tlsMs: delay(),
    authMs: delay(),
    startMs: delay(),
    waitMs: delay(),
    commitMs: delay(),
    ...(slowBody ? { bytesPerSecond: (100 + random() * 100) * MiB } : {}),
  };
}

function securedErrors(run: MeasuredRun, truth: Truth): [string, number][] {
  const { phaseMs } = attemptOf(run);
  return (['dns', 'connect', 'tls'] as const).map((phase): [string, number] => [
    phase,
    Math.abs((phaseMs[phase] ?? Number.NaN) - (truth[`${phase}Ms`] ?? Number.NaN)),
  ]);
}

function plainErrors(run: MeasuredRun, truth: Truth): [string, number][] {
  const { phaseMs, requests } = attemptOf(run);
  const phases = (['auth', 'start', 'commit'] as const).map((phase): [string, number] => {
    const truthMs = requests
      .map((request, at) => (request.phase === phase ? requestTruth(truth, at).totalMs : 0))
      .reduce((sum, ms) => sum + ms, 0);
    return [phase, Math.abs((phaseMs[phase] ?? Number.NaN) - truthMs)];
  });
  const [at, { sendMs = Number.NaN, waitMs = Number.NaN }] = patchOf(run);
  const { totalMs, bodyBytes } = requestTruth(truth, at);
  const rate = (run.pushBytesPerSecond ?? Number.NaN) / (bodyBytes / (totalMs / 1000));
  return [...phases, ['send + wait', Math.abs(sendMs + waitMs - totalMs)], ['throughput', Math.abs(rate - 1) * 100]];
}

/** The request with the body, and which one it was. */
function patchOf(run: MeasuredRun): [number, Partial<RequestRecord>] {
  const { requests } = attemptOf(run);
  const at = requests.findIndex(({ method }) => method === 'PATCH');
  return [at, requests[at] ?? {}];
}

function attemptOf({ attempts }: MeasuredRun): {
  phaseMs: Partial<Record<string, number>>;
  requests: readonly RequestRecord[];
} {
  const [attempt] = attempts;
  if (attempt === undefined || attempts.length > 1) throw new Error(`expected one attempt, got ${attempts.length}`);
  return attempt;
}

/** Both sides saw the same requests in the same order; those of the cleanup come after. */
function requestTruth({ requests }: Truth, at: number): RequestTruth {
  const request = requests[at];
  if (request === undefined) throw new Error(`the server has not seen request ${at + 1}`);
  return request;
}
