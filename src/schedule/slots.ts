import { groupBy } from '../probe/group-by.ts';

/** When one task is due: a first slot soon after the start, then one in each interval. Times are milliseconds of the schedule's clock. */
export interface SlotPlan {
  readonly firstMs: number;
  /** Slot 1; slot k is `(k - 1) * intervalMs` later, so that slots never drift. */
  readonly secondMs: number;
  readonly intervalMs: number;
  /** Of the task: source of the jitter, so that the slots of a task are the same in each process. */
  readonly id: string;
}

/** Part of the interval by which a slot may come later, so that a task does not beat with other periodic work (cron, backups). */
const jitterShare = 0.03;

/** Golden ratio: shifts groups of different intervals against each other without ever lining up. */
const groupShift = 0.618_033_988_749_895;

interface Periodic {
  readonly id: string;
  readonly intervalMs: number;
}

/**
 * Plans the slots of all tasks from `startMs` on. Tasks of the same interval are spread evenly over it by their rank in
 * the order of ids; the first slots are spread likewise, over the shorter of interval and `startWindowMs`.
 */
export function planSlots(
  tasks: readonly Periodic[],
  options: { readonly startMs: number; readonly startWindowMs: number },
): Map<string, SlotPlan> {
  const groups = [...groupBy(tasks, ({ intervalMs }) => String(intervalMs)).values()];
  const plans = new Map<string, SlotPlan>();
  for (const [group, own] of groups.toSorted(([a], [b]) => a.intervalMs - b.intervalMs).entries()) {
    const [{ intervalMs }] = own;
    const ids = own.map(({ id }) => id).sort();
    for (const [rank, id] of ids.entries()) {
      const phase = (rank / ids.length + group * groupShift) % 1;
      const firstMs = phase * Math.min(intervalMs, options.startWindowMs);
      const slotMs = phase * intervalMs;
      // The first run came early; one that would follow in less than half an interval adds load and no knowledge.
      const secondMs = slotMs >= firstMs + intervalMs / 2 ? slotMs : slotMs + intervalMs;
      plans.set(id, { id, firstMs: options.startMs + firstMs, secondMs: options.startMs + secondMs, intervalMs });
    }
  }
  return plans;
}

/** Time of slot `index`, from 0. */
export function slotMs(plan: SlotPlan, index: number): number {
  if (index === 0) return plan.firstMs;
  const jitterMs = jitterShare * plan.intervalMs * hashToUnit(`${plan.id}/${index}`);
  return plan.secondMs + (index - 1) * plan.intervalMs + jitterMs;
}

/** Index of the last slot at or before `nowMs`, or -1 when the first is still to come. */
export function lastSlotBy(plan: SlotPlan, nowMs: number): number {
  // Slots without jitter stand no later than with it: this is the answer, or one too many.
  const index = Math.max(0, Math.floor((nowMs - plan.secondMs) / plan.intervalMs) + 1);
  return slotMs(plan, index) <= nowMs ? index : index - 1;
}

/** FNV-1a with a final mix (MurmurHash3's), as a number in [0, 1). */
function hashToUnit(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
