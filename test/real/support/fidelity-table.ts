import { join } from 'node:path';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { type Story, storyOfProfile, storyOfReal } from './push-comparison.ts';
import { type Failure, failures } from './push-failures.ts';
import type { Scenery } from './push-recorder.ts';
import { startLayoutServer } from './layout-server.ts';
import { type PusherName, realPushers, type RealPusher } from './real-pushers.ts';
import { packImage, startPushing } from './running-pushers.ts';

export interface Comparison {
  readonly real: Story;
  readonly ours: Story;
}

/** Of each failure most is waiting. */
const usualLanes = 2;

/** The program and its row through every failure that concerns them. */
export async function comparedWith(name: PusherName): Promise<ReadonlyMap<string, Comparison>> {
  const pusher = realPushers[name];
  const program = await startPushing(pusher);
  const found = new Map<string, Comparison>();
  try {
    const queue = Object.entries(failures).filter(([failure]) => !pusher.skips.includes(failure));
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift())
        found.set(next[0], await comparedUndelayed(pusher, program.push, next[1]));
    };
    await Promise.all(Array.from({ length: pusher.lanes ?? usualLanes }, work));
  } finally {
    await program.close();
  }
  return found;
}

/** A wait is the shortest of so many measurements at most: a program that starts, and a busy machine, only make it longer. */
const measurements = 5;

async function comparedUndelayed(
  pusher: RealPusher,
  push: Awaited<ReturnType<typeof startPushing>>['push'],
  failure: Failure,
): Promise<Comparison> {
  let comparison = await compare(pusher, push, failure);
  for (let more = 1; more < measurements && isDelayed(comparison, failure); more += 1) {
    const again = await compare(pusher, push, failure);
    if (again.real.lines.join('\n') !== comparison.real.lines.join('\n')) return again;
    const waitsMs = again.real.waitsMs.map((waitMs, index) =>
      Math.min(waitMs, comparison.real.waitsMs[index] ?? waitMs),
    );
    // What the shorter waits are held against is the longer of both holdings.
    const heldMs = Math.max(again.real.heldMs, comparison.real.heldMs);
    // A machine that is late lets fewer layers be under way at once, never more.
    const most = (one: 'real' | 'ours'): number => Math.max(again[one].mostAtOnce, comparison[one].mostAtOnce);
    comparison = {
      real: { ...again.real, waitsMs, heldMs, mostAtOnce: most('real') },
      ours: { ...again.ours, mostAtOnce: most('ours') },
    };
  }
  return comparison;
}

/** Whether the requests are alike, and only the waits between them differ. */
const isDelayed = ({ real, ours }: Comparison, failure: Failure): boolean =>
  real.lines.join('\n') === ours.lines.join('\n') && deviations({ real, ours }, failure.sideBySide === true).length > 0;

async function compare(
  pusher: RealPusher,
  push: Awaited<ReturnType<typeof startPushing>>['push'],
  failure: Failure,
): Promise<Comparison> {
  const { folder, image, remove } = packImage(failure.layerBytes);
  const { scenery } = failure;
  const logsIn = scenery.bearer !== undefined && pusher.anonymous !== true;
  const sizes = image.layers.map(({ size }) => size);
  const shelf = failure.fromRegistry === true ? await startLayoutServer(join(folder, 'layout'), image) : undefined;
  const source = shelf === undefined ? 'oci:layout:latest' : `docker://${shelf.host}/probe/x:latest`;
  try {
    const [real, ours] = await Promise.all([
      storyOfReal(failure, image.config.digest, logsIn, (at) =>
        push({ ...at, folder, image, tls: scenery.tls === true, source }),
      ),
      storyOfProfile(failure, { ...clientProfiles[pusher.row], ...pusher.besides }, logsIn, sizes),
    ]);
    return { real, ours };
  } finally {
    await shelf?.close();
    remove();
  }
}

/** What starting requests and answering them may take besides a wait. */
const floorMs = 600;

/** In which requests and waits the row is not as the program; waits say nothing where layers go side by side. */
export function deviations({ real, ours }: Comparison, sideBySide: boolean): readonly string[] {
  const count = Math.max(real.lines.length, ours.lines.length);
  const lines = Array.from(
    { length: count },
    (_, index) => [real.lines[index] ?? '-', ours.lines[index] ?? '-'] as const,
  )
    .filter(([one, other]) => one !== other)
    .map(([one, other]) => `real: ${one}\nours: ${other}`);
  if (real.mostAtOnce !== ours.mostAtOnce)
    return [`at once: real ${real.mostAtOnce}, ours ${ours.mostAtOnce}`, ...lines];
  if (sideBySide || lines.length > 0) return lines;
  // How late the machine made ours is how late it may have made the program.
  const lateMs = Math.max(0, ...ours.waitsMs.map((waitMs, index) => waitMs - (ours.askedMs[index] ?? 0)));
  return real.waitsMs.flatMap((waitMs, index) => {
    const askedMs = ours.askedMs[index] ?? 0;
    // Lateness moves waits, of which some count from the request before, and takes nothing off their sum.
    const tooShort = sum(real.waitsMs, index) + real.heldMs < sum(ours.askedMs, index) * 0.9 - 20;
    const tooLong = waitMs > askedMs * 1.1 + floorMs + 2 * lateMs;
    return tooShort || tooLong ? [`wait ${index + 1}: real ${waitMs}, ours ${askedMs} ms`] : [];
  });
}

const sum = (values: readonly number[], last: number): number =>
  values.slice(0, last + 1).reduce((total, value) => total + value, 0);

/**
 * Client × failure: how often the request in question was sent by the real program, and whether the push got through. The cells of a
 * program that is not here (undefined) are those of `kept`, the table as it is.
 */
export function table(
  columns: readonly (readonly [PusherName, ReadonlyMap<string, Comparison> | undefined])[],
  kept: string,
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const title = (name: PusherName): string => `${realPushers[name].program} · \`${realPushers[name].row}\``;
  const head = ['', ...columns.map(([name]) => title(name))];
  const [keptHead = [], ...keptRows] = kept.split('\n').map((row) => row.slice(2, -2).split(' | '));
  const keptCell = (name: PusherName, failure: string): string =>
    keptRows.find(([first]) => first === failure)?.[keptHead.indexOf(title(name))] ?? '–';
  const rows = Object.entries(failures).map(([failure, { scenery }]) => [
    failure,
    ...columns.map(([name, found]) =>
      found === undefined
        ? keptCell(name, failure)
        : cell(found.get(failure), scenery, realPushers[name].differs[failure]),
    ),
  ]);
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}

function cell(
  comparison: Comparison | undefined,
  { target, tls, holdsLayers }: Scenery,
  differs: string | undefined,
): string {
  if (comparison === undefined) return '–';
  const { real } = comparison;
  const end = real.gotThrough ? 'gets through' : 'fails';
  const sendings = target === undefined ? '' : `${real.met}×, `;
  const protocol = tls === true ? `, ${/^HTTP\/[\d.]+/.exec(real.lines[0] ?? '')?.[0] ?? 'no request'}` : '';
  const atOnce = holdsLayers === true ? `, ${real.mostAtOnce} at a time` : '';
  return `${sendings}${end}${protocol}${atOnce}${differs === undefined ? '' : ` (${differs})`}`;
}
