import type { SkipCause } from '../publish/metrics/metric-names.ts';
import type { Clock } from './clock.ts';
import { lastSlotBy, type SlotPlan, slotMs } from './slots.ts';
import { HeldTransfer } from './held-transfer.ts';
import type { TransferLimit } from './transfer-limit.ts';

/** Something to do again and again. */
export interface Task {
  readonly id: string;
  readonly intervalMs: number;
  /** What the run needs at most by its own clock, or each of its turns; see `overrunGraceMs`. */
  readonly timeoutMs: number;
  /** Ends soon after `signal` aborts. A rejection is reported and does not end the loop. */
  run(signal: AbortSignal, turn: Turn): Promise<void>;
}

/**
 * For a run of several parts that need not follow each other at once: lets those that wait for a transfer go first, and resolves when the
 * run has one again, or when its signal aborts.
 */
export type Turn = () => Promise<void>;

/** Why a run's signal aborts when everything is paused; by the time it has ended somebody may have resumed. */
export const pausedReason = 'paused' satisfies SkipCause;

/** Told what the schedule does; must not throw. */
export interface ScheduleObserver {
  /** `lagMs`: how late the run starts against its slot; `queuedMs`: the part of it spent waiting for a transfer to end. */
  started(start: { readonly id: string; readonly lagMs: number; readonly queuedMs: number }): void;
  skipped(skip: { readonly id: string; readonly cause: SkipCause; readonly slots: number }): void;
  /** A run rejected or outlived its bound and was aborted by the schedule: a defect of the task. */
  misbehaved(report: { readonly id: string; readonly error: unknown }): void;
}

export interface LoopDeps {
  readonly clock: Clock;
  readonly limit: TransferLimit;
  readonly observer: ScheduleObserver;
  /** While true no slot starts anything. */
  readonly isPaused: () => boolean;
}

/**
 * A slot found later than this is skipped. Timers of a busy process are late by milliseconds; more means that the
 * machine slept, and then all tasks are late at once and would run in a burst.
 */
const lateToleranceMs = 5_000;

/** Time beyond its own timeout after which a run is aborted, so that one that hangs cannot hold a transfer for ever. */
const overrunGraceMs = 60_000;

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'queued'; readonly cancel: () => void }
  | { readonly kind: 'running'; readonly abort: AbortController; readonly ended: Promise<void> };

/** One task's life: waits for its slots, queues for a transfer, runs, never twice at once. */
export class TaskLoop {
  readonly #deps: LoopDeps;
  #task: Task;
  #plan: SlotPlan;
  #nextSlot = 0;
  #state: State = { kind: 'idle' };
  #cancelTimer: (() => void) | undefined;

  constructor(task: Task, plan: SlotPlan, deps: LoopDeps) {
    this.#deps = deps;
    this.#task = task;
    this.#plan = plan;
    this.#arm();
  }

  /** Goes on with a task of the same id, whose next run is the new one's. Slots stay as they are unless the interval changed or the loop was retired. */
  follow(task: Task, plan: SlotPlan): void {
    const sameSlots = this.#cancelTimer !== undefined && task.intervalMs === this.#task.intervalMs;
    this.#task = task;
    if (!sameSlots) {
      this.#plan = plan;
      this.#nextSlot = 0;
      this.#arm();
    }
  }

  /** No further slots; aborts what is running. Resolves when that has ended. */
  async retire(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#state.kind === 'queued') {
      this.#state.cancel();
      this.#state = { kind: 'idle' };
    }
    if (this.#state.kind === 'running') {
      this.#state.abort.abort();
      await this.#state.ended;
    }
  }

  /** Everything is paused: aborts what is running, with the cause as reason, and what waits for a transfer waits no more. Slots stay as they are. */
  interrupt(): void {
    if (this.#state.kind === 'running') {
      this.#state.abort.abort(pausedReason);
    } else if (this.#state.kind === 'queued') {
      this.#state.cancel();
      this.#state = { kind: 'idle' };
      this.#deps.observer.skipped({ id: this.#task.id, cause: 'paused', slots: 1 });
    }
  }

  get retired(): boolean {
    return this.#cancelTimer === undefined;
  }

  /** Milliseconds until its next slot; undefined when it is retired. */
  get dueInMs(): number | undefined {
    return this.retired ? undefined : Math.max(0, slotMs(this.#plan, this.#nextSlot) - this.#deps.clock.nowMs());
  }

  get running(): boolean {
    return this.#state.kind === 'running';
  }

  #arm(): void {
    this.#cancelTimer?.();
    const delayMs = slotMs(this.#plan, this.#nextSlot) - this.#deps.clock.nowMs();
    this.#cancelTimer = this.#deps.clock.setTimer(Math.max(0, delayMs), () => this.#wake());
  }

  #wake(): void {
    const nowMs = this.#deps.clock.nowMs();
    const lastSlot = lastSlotBy(this.#plan, nowMs);
    if (lastSlot < this.#nextSlot) {
      // Timers may fire a fraction of a millisecond early.
      this.#arm();
      return;
    }
    const dueMs = slotMs(this.#plan, lastSlot);
    const busy = this.#state.kind !== 'idle';
    const paused = this.#deps.isPaused();
    const startable = !paused && !busy && nowMs - dueMs <= lateToleranceMs;
    const slots = lastSlot - this.#nextSlot + (startable ? 0 : 1);
    this.#nextSlot = lastSlot + 1;
    this.#arm();
    if (slots > 0) {
      const cause = paused ? 'paused' : busy ? 'overlap' : 'missed';
      this.#deps.observer.skipped({ id: this.#task.id, cause, slots });
    }
    if (startable) this.#queue(dueMs);
  }

  #queue(dueMs: number): void {
    const queuedAtMs = this.#deps.clock.nowMs();
    const cancel = this.#deps.limit.enter(() => {
      const abort = new AbortController();
      this.#state = { kind: 'running', abort, ended: this.#run(abort, dueMs, queuedAtMs) };
    });
    if (this.#state.kind === 'idle') this.#state = { kind: 'queued', cancel };
  }

  async #run(abort: AbortController, dueMs: number, queuedAtMs: number): Promise<void> {
    const { clock, limit, observer } = this.#deps;
    const task = this.#task;
    const nowMs = clock.nowMs();
    observer.started({ id: task.id, lagMs: nowMs - dueMs, queuedMs: nowMs - queuedAtMs });
    const hung = (): void => {
      observer.misbehaved({ id: task.id, error: new Error(`still running ${overrunGraceMs} ms after its timeout`) });
      abort.abort();
    };
    const held = new HeldTransfer(limit, () => clock.setTimer(task.timeoutMs + overrunGraceMs, hung));
    try {
      // One tick later, so that whatever run does, this loop counts as running first.
      await Promise.resolve().then(() => task.run(abort.signal, () => held.turn(abort.signal)));
    } catch (error) {
      observer.misbehaved({ id: task.id, error });
    } finally {
      this.#state = { kind: 'idle' };
      held.leave();
    }
  }
}
