import { existsSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDaemonParts, type DaemonParts } from '../../src/daemon/daemon-parts.ts';
import { createEngine } from '../../src/daemon/engine.ts';
import { openLedger, replayAtStart } from '../../src/daemon/ledger-at-start.ts';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/load.ts';
import { checkId } from '../../src/probe/check.ts';
import { Ledger } from '../../src/probe/leftovers/ledger.ts';
import { replayLedger } from '../../src/probe/leftovers/ledger-replay.ts';
import type { RunCheck } from '../../src/probe/outcome.ts';
import { planRounds } from '../../src/probe/compare/round.ts';
import { rendered } from '../support/rendered.ts';
import { lastSlotBy, planSlots, type SlotPlan } from '../../src/schedule/slots.ts';
import { samples } from '../support/program.ts';
import { recordingLog } from '../support/recording-log.ts';
import { steppedClock, type WallClock } from './clock.ts';
import { breakableDisk, type Disk } from './disk.ts';
import { violations } from './invariants.ts';
import type { Observation, ObservedRun, SlotCount, Stored } from './observation.ts';
import { type ConfigVariant, type FaultEvent, isDaemonEvent, type Plan, planOf } from './plan.ts';
import { createRandom } from './random.ts';
import { recordRuns, type Recorder, worldBounds } from './recorder.ts';
import { memoryBytes, moreThanBefore, type Resources, resourcesNow } from './resources.ts';
import { registryName, startWorld, type World, type WorldCertificates } from './world.ts';

export interface SeedOptions {
  readonly certificates: WorldCertificates;
  readonly chaosMs?: number;
  /** How long what should be gone may take to go; default 6 s. */
  readonly settleMs?: number;
  /** Stands between the daemon and its engine: plants a defect, for the test of the invariants. */
  readonly sabotage?: (run: RunCheck, world: World) => RunCheck;
}

/** What one seed showed. */
export interface SeedResult {
  readonly seed: number;
  readonly violations: ReturnType<typeof violations>;
  readonly observation: Observation;
  readonly figures: {
    readonly runs: number;
    readonly failedRuns: number;
    readonly attempts: number;
    readonly reasons: Readonly<Record<string, number>>;
    readonly edgeRequests: number;
    readonly durationMs: number;
  };
}

/** How to see a failing seed again. */
export function replayHint(seed: number): string {
  return `BLOBPROBE_FAULT_SEED=${seed} npx vitest run --project lab test/faults/faults.test.ts`;
}

const usualSettleMs = 6_000;
const healthyMs = 1_000;
const stopBoundMs = 2_000;
const bytesPerDay = 10 * 1024 ** 4;

/**
 * Starts a world and the daemon in this process, lets the seed's faults happen to both, heals the world, and looks at what is
 * left: while the daemon idles, after its end, and after the replay of its ledger by the next one. Rejects only when the world
 * itself cannot be had.
 */
export async function runSeed(seed: number, options: SeedOptions): Promise<SeedResult> {
  const startedMs = performance.now();
  const { settleMs = usualSettleMs } = options;
  const outside = resourcesNow();
  const plan = planOf(seed, options.chaosMs);
  const world = await startWorld(plan, options.certificates);
  const clock = steppedClock();
  const disk = breakableDisk(world.folder);
  try {
    const trial = new Trial(plan, world, clock, disk, options);
    const seen = await trial.observe();
    await within('the end of the world', world.close());
    const left = await settled(settleMs, () => moreThanBefore(outside, resourcesNow(), transient));
    const observation = { ...seen, leftAtEnd: [...seen.leftAtEnd, ...left] };
    const figures = { ...figuresOf(observation), durationMs: Math.round(performance.now() - startedMs) };
    return { seed, violations: violations(observation), observation, figures };
  } finally {
    disk.restore();
    clock.restore();
    // Only where the trial broke off, and that is the error to be told.
    if (existsSync(world.folder)) await world.close().catch(() => {});
  }
}

/** Kinds of handles and descriptors that come and go with the runtime itself and the output of tests. */
const transient = ['Immediate', 'TTYWrap', 'FSReqPromise', 'FSReqCallback', 'anon_inode:[eventfd]', '/dev/null'];

type AtQuiet = Pick<Observation, 'hadQuiet' | 'runsAtQuiet' | 'metrics' | 'history' | 'slots' | 'leftWhileIdle'>;
type AtEnd = Pick<
  Observation,
  | 'runs'
  | 'edgeRequests'
  | 'log'
  | 'leftAtEnd'
  | 'ledgerAtEnd'
  | 'storedAtEnd'
  | 'ledgerInFile'
  | 'ledgerAfterReplay'
  | 'storedAfterReplay'
>;

/** One daemon in one world. */
class Trial {
  readonly #plan: Plan;
  readonly #world: World;
  readonly #clock: WallClock;
  readonly #disk: Disk;
  readonly #recorder: Recorder;
  readonly #ledger = new Ledger();
  readonly #parts: DaemonParts;
  readonly #log = recordingLog();
  readonly #onDemand = new Set<string>();
  readonly #answers: Promise<unknown>[] = [];
  readonly #settleMs: number;
  #variant: ConfigVariant = 'base';
  #transfers: number;

  constructor(plan: Plan, world: World, clock: WallClock, disk: Disk, options: SeedOptions) {
    const { sabotage, settleMs = usualSettleMs } = options;
    this.#settleMs = settleMs;
    this.#plan = plan;
    this.#world = world;
    this.#clock = clock;
    this.#disk = disk;
    this.#transfers = plan.transfers;
    const random = createRandom(`engine ${plan.seed}`);
    const engine = createEngine(this.#ledger, { ...worldBounds, random: random.fork('waits').next });
    const run = sabotage === undefined ? engine.run : sabotage(engine.run, world);
    this.#recorder = recordRuns(run);
    this.#parts = createDaemonParts({
      config: this.#readConfig(),
      readConfig: () => this.#readConfig(),
      engine: { ...engine, run: this.#recorder.run },
      build: { version: '0', revision: 'r', nodeVersion: 'v' },
      log: this.#log.log,
      random: random.fork('rounds').next,
      processMetrics: false,
    });
  }

  async observe(): Promise<Observation> {
    const lag = monitorEventLoopDelay({ resolution: 10 });
    lag.enable();
    const { daemon, metrics, onDemand } = this.#parts;
    const before = resourcesNow();
    openLedger(this.#ledger, daemon.config, metrics, this.#log.log);
    const replayed = replayAtStart(this.#ledger, daemon.config, this.#log.log, new AbortController().signal);
    await within('the replay at the start', replayed);
    const opened = resourcesNow();
    const started: [number, number] = [performance.now(), 0];
    daemon.start();
    started[1] = performance.now();
    onDemand.open();
    const slots = slotPlans(daemon.config, started);
    const firstThirdBytes = await this.#chaos(started[0]);
    const quiet = await this.#quiet(slots, opened);
    const memory = { firstThirdBytes, endBytes: this.#memoryBytes() };
    const stopping = performance.now();
    await within('the end of the daemon', Promise.all([daemon.stop(stopBoundMs), onDemand.stop()]));
    const stopMs = performance.now() - stopping;
    const rest = await this.#afterwards(before);
    lag.disable();
    return { ...this.#constants(), ...quiet, ...rest, loopLagMs: lag.max / 1e6, memory, stopMs };
  }

  #constants(): Pick<Observation, 'cleanupTimeoutMs' | 'transfers' | 'bytesPerDay' | 'steady' | 'stopBoundMs'> {
    return {
      cleanupTimeoutMs: worldBounds.cleanupTimeoutMs,
      transfers: this.#transfers,
      bytesPerDay,
      steady: this.#steady(),
      stopBoundMs,
    };
  }

  #readConfig(): Config {
    const sources = { env: {} };
    return parseConfig(this.#world.configText(this.#variant), `${this.#world.folder}/config.yaml`, sources);
  }

  #steady(): string[] {
    return this.#parts.daemon.config.checks.map(checkId).filter((id) => !id.endsWith('/extra'));
  }

  /** Carries out the plan. Gives the memory held after the first third of it. */
  async #chaos(startMs: number): Promise<number> {
    const thirdMs = this.#plan.chaosMs / 3;
    let firstThirdBytes: number | undefined;
    for (const { atMs, event } of this.#plan.events) {
      if (atMs > thirdMs) firstThirdBytes ??= this.#memoryBytes();
      await sleep(Math.max(0, startMs + atMs - performance.now()));
      await this.#apply(event);
    }
    await sleep(Math.max(0, startMs + this.#plan.chaosMs - performance.now()));
    return firstThirdBytes ?? this.#memoryBytes();
  }

  /** Without what the registry of the world keeps for sessions that nobody ended. */
  #memoryBytes(): number {
    return memoryBytes() - this.#world.registry.keptBytes;
  }

  async #apply(event: FaultEvent): Promise<void> {
    if (!isDaemonEvent(event)) return this.#world.apply(event);
    switch (event.kind) {
      case 'clock':
        return this.#clock.step(event.stepMs);
      case 'disk':
        return this.#disk.setMode(event.mode);
      case 'reload':
        return this.#reload(event.variant, event.times);
      case 'on-demand':
        return this.#ask(event.path, event.size);
      case 'pause':
        this.#parts.pause.pause('request', event.forMs);
        return;
      case 'busy-loop':
        return busyLoop(event.forMs);
      case 'scrape':
        await rendered(this.#parts.metrics);
        return;
      default:
        event satisfies never;
    }
  }

  #reload(variant: ConfigVariant, times: number): void {
    this.#variant = variant;
    for (let time = 0; time < times; time += 1) this.#parts.reloads.reload();
    this.#transfers = Math.max(this.#transfers, this.#parts.daemon.config.budget.transfers);
  }

  #ask(path: string, size: string): void {
    const [client] = this.#plan.clients;
    const answer = this.#parts.onDemand.start({ registry: registryName, path, client, size });
    if (answer.kind !== 'started') return;
    this.#onDemand.add(answer.id);
    this.#answers.push(answer.run.catch(() => {}));
  }

  /** Heals everything and waits for a moment at which nothing runs and no slot is about to begin. */
  async #quiet(slots: ReadonlyMap<string, readonly [SlotPlan, SlotPlan]>, opened: Resources): Promise<AtQuiet> {
    this.#world.heal();
    this.#disk.setMode('fine');
    this.#reload('base', 1);
    // Runs over healed paths, and then none: the slots of a paused schedule pass and are counted.
    await sleep(healthyMs);
    this.#parts.pause.pause('request');
    await within('runs on demand', Promise.all(this.#answers));
    const unquiet = await settled(this.#settleMs, () => (this.#isQuiet(slots) ? [] : ['yes']));
    const dueBefore = slotCounts(this.#parts.daemon.config, slots);
    const history = new Map(this.#steady().map((id) => [id, this.#parts.history.list({ checkId: id })]));
    const runsAtQuiet = this.#runs();
    const metrics = samples(await rendered(this.#parts.metrics));
    // Slots pass, counted as paused, while a busy machine makes the answer.
    const dueAfter = slotCounts(this.#parts.daemon.config, slots);
    const counts = dueBefore.map((one, index) => ({
      ...one,
      due: [one.due[0], dueAfter[index]?.due[1] ?? one.due[1]] as const,
    }));
    const left = await settled(this.#settleMs, () => (this.#isQuiet(slots) ? this.#leftWhileIdle(opened) : undefined));
    return { hadQuiet: unquiet.length === 0, leftWhileIdle: left, runsAtQuiet, metrics, history, slots: counts };
  }

  #isQuiet(slots: ReadonlyMap<string, readonly [SlotPlan, SlotPlan]>): boolean {
    return this.#recorder.running === 0 && !isSlotNear(slots);
  }

  /** Sockets are looked at one by one, because those between the hops of the world are here, too. Timers are the schedule's. */
  #leftWhileIdle(opened: Resources): string[] {
    const others = moreThanBefore(opened, resourcesNow(), [...transient, 'Timeout', 'TCPSocketWrap', 'socket']);
    return [...clientSockets(this.#world), ...others];
  }

  #runs(): ObservedRun[] {
    return this.#recorder.records.map((record) => ({
      ...record,
      origin: this.#onDemand.has(record.run?.id ?? '')
        ? 'demand'
        : record.checkId.endsWith('-control')
          ? 'control'
          : 'schedule',
    }));
  }

  /** What is left when the daemon has ended, and what the next process makes of it. */
  async #afterwards(before: Resources): Promise<AtEnd> {
    const { ledgerFile, registry, edges } = this.#world;
    await within('the end of the ledger', this.#ledger.close());
    const sockets = await settled(this.#settleMs, () => clientSockets(this.#world));
    this.#world.dropConnections();
    const rest = await settled(this.#settleMs, () => moreThanBefore(before, resourcesNow(), transient));
    const leftAtEnd = [...sockets, ...rest];
    const ledgerAtEnd = this.#ledger.entries;
    const storedAtEnd = stored(this.#world);
    const next = new Ledger({ file: ledgerFile });
    const ledgerInFile = next.entries;
    const deps = { ledger: next, nowMs: () => performance.now(), timeoutMs: 10_000 };
    await within('the replay', replayLedger(deps, this.#readConfig().registries));
    const ledgerAfterReplay = next.entries;
    await next.close();
    return {
      runs: this.#runs(),
      edgeRequests: new Map([...edges].map(([name, edge]) => [name, edge.requests])),
      log: this.#log.lines,
      leftAtEnd,
      ledgerAtEnd,
      storedAtEnd,
      ledgerInFile,
      ledgerAfterReplay,
      storedAfterReplay: stored({ registry }),
    };
  }
}

/** Open sockets that lead from the daemon to the first hop of a path. */
function clientSockets({ edges, relay }: World): string[] {
  const ports = new Map<unknown, string>([...edges].map(([name, { port }]) => [port, name]));
  ports.delete(edges.get('relayed')?.port);
  ports.set(relay.port, 'relayed');
  const active = process as unknown as { _getActiveHandles(): { remotePort?: unknown }[] };
  // oxlint-disable-next-line no-underscore-dangle -- the only way to sockets that nobody holds on to
  return active._getActiveHandles().flatMap(({ remotePort }) => {
    const path = ports.get(remotePort);
    return path === undefined ? [] : [`a socket to ${path} is open`];
  });
}

function stored({ registry }: Pick<World, 'registry'>): Stored {
  return {
    sessions: registry.openSessions.map(({ id }) => id),
    blobs: [...registry.blobs.keys()],
    manifests: [...new Set(registry.manifests.values())],
  };
}

/** No step of a trial takes longer, however busy the machine; one that does is said by name. */
const longestStepMs = 20_000;

async function within<T>(step: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${step} did not come within ${longestStepMs} ms`)), longestStepMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/**
 * Asks again until nothing is complained of, or for as long as things may take to settle; gives the last complaints. undefined:
 * now is not the moment to ask.
 */
async function settled(settleMs: number, complain: () => string[] | undefined): Promise<string[]> {
  const endMs = performance.now() + settleMs;
  let last = ['there was no moment to look'];
  for (;;) {
    last = complain() ?? last;
    if (last.length === 0 || performance.now() > endMs) return last;
    await sleep(5);
  }
}

/** The slots of each round, for the earliest and the latest moment at which the schedule can have begun. */
function slotPlans({ checks }: Config, started: readonly [number, number]): Map<string, readonly [SlotPlan, SlotPlan]> {
  const rounds = planRounds(checks);
  const tasks = rounds.map(({ id, checks: [first] }) => ({ id, intervalMs: first.intervalMs }));
  const [early, late] = started.map((startMs) => planSlots(tasks, { startMs, startWindowMs: 60_000 }));
  return new Map(
    rounds.flatMap(({ id }) => {
      const [one, other] = [early?.get(id), late?.get(id)];
      return one === undefined || other === undefined ? [] : [[id, [one, other]] as const];
    }),
  );
}

/** Timers are a little late, and a round that has just begun has not counted anything yet. */
const nearMs = 40;

function isSlotNear(slots: ReadonlyMap<string, readonly [SlotPlan, SlotPlan]>): boolean {
  const now = performance.now();
  return [...slots.values()].some(
    ([early, late]) => lastSlotBy(late, now - nearMs) !== lastSlotBy(early, now + nearMs),
  );
}

function slotCounts({ checks }: Config, slots: ReadonlyMap<string, readonly [SlotPlan, SlotPlan]>): SlotCount[] {
  const now = performance.now();
  return planRounds(checks).flatMap(({ id, checks: ofRound }) => {
    const plans = slots.get(id);
    if (plans === undefined) return [];
    const [early, late] = plans;
    const due = [lastSlotBy(late, now) + 1, lastSlotBy(early, now) + 1] as const;
    return ofRound.map((check) => ({ checkId: checkId(check), due }));
  });
}

function busyLoop(forMs: number): void {
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs);
}

function figuresOf({ runs, edgeRequests }: Observation): Omit<SeedResult['figures'], 'durationMs'> {
  const ended = runs.flatMap(({ run }) => run ?? []);
  const reasons: Record<string, number> = {};
  for (const { failure } of ended.flatMap(({ attempts }) => attempts))
    if (failure !== undefined) reasons[failure.reason] = (reasons[failure.reason] ?? 0) + 1;
  return {
    runs: runs.length,
    failedRuns: ended.filter(({ ok }) => !ok).length,
    attempts: ended.reduce((sum, { attempts }) => sum + attempts.length, 0),
    reasons,
    edgeRequests: [...edgeRequests.values()].reduce((sum, { length }) => sum + length, 0),
  };
}
