import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { clientProfiles } from '../../src/probe/clients/client-profiles.ts';
import { describeWithComponents, findComponent } from '../support/component.ts';
import { forOthers } from '../support/ending.ts';
import { comparedWith, type Comparison, deviations, table } from './support/fidelity-table.ts';
import { failures } from './support/push-failures.ts';
import { type PusherName, pusherNames, realPushers } from './support/real-pushers.ts';

/**
 * The real programs and our rows against the same registry, failure by failure. All programs run side by side, as soon as the first
 * test asks: most of the time they wait.
 */
const started = new Map<PusherName, Promise<ReadonlyMap<string, Comparison>>>();
function comparisonsOf(pusher: PusherName): Promise<ReadonlyMap<string, Comparison>> {
  for (const name of pusherNames.filter((one) => !started.has(one) && isThere(one))) {
    const running = forOthers(() => comparedWith(name));
    // Whoever asks for it learns of it.
    running.catch(() => {});
    started.set(name, running);
  }
  return started.get(pusher) ?? Promise.reject(new Error(`${pusher} is not there`));
}

const isThere = (name: PusherName): boolean =>
  findComponent(realPushers[name].component) !== undefined &&
  (process.getuid?.() === 0 || realPushers[name].isolated !== true);

const timeout = 800_000;

for (const pusher of pusherNames) {
  const { component, row, skips, differs } = realPushers[pusher];
  describeWithComponents([component, 'unshare'], `fidelity in failures: ${pusher} and its row ${row}`, () => {
    test('the row says with which program it was measured', () => {
      expect(clientProfiles[row].measured).toBeDefined();
    });

    const met = Object.keys(failures).filter((failure) => !skips.includes(failure));
    test.each(met)('%s', { timeout }, async (failure) => {
      const comparison = (await comparisonsOf(pusher)).get(failure);
      if (comparison === undefined) throw new Error('not compared');
      const { real, ours } = comparison;
      expect(ours.gotThrough, `real: ${real.output}\nours: ${ours.output}`).toBe(real.gotThrough);
      const found = deviations(comparison, failures[failure]?.sideBySide === true);
      // What is known to differ does so: else the list is out of date.
      const outdated = found.length === 0 ? ['nothing differs any more'] : [];
      expect(differs[failure] === undefined ? found : outdated).toEqual([]);
    });
  });
}

describe('the table of the comparison', () => {
  const someone = pusherNames.some(isThere);
  test.skipIf(!someone)('is kept in docs/clients.md (UPDATE_GENERATED=1 writes it)', { timeout }, async () => {
    const columns = await Promise.all(
      pusherNames.map(async (name) => [name, isThere(name) ? await comparisonsOf(name) : undefined] as const),
    );
    const file = new URL('../../docs/clients.md', import.meta.url);
    const text = readFileSync(file, 'utf8');
    const start = '<!-- measured: failures -->\n';
    const from = text.indexOf(start) + start.length;
    const to = text.indexOf('<!-- end of table -->', from);
    const made = table(columns, text.slice(from, to));
    process.stdout.write(`${made}\n`);
    const wanted = text.slice(0, from) + made + text.slice(to);
    expect(from).toBeGreaterThan(start.length);
    if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(file, wanted);
    expect(readFileSync(file, 'utf8')).toBe(wanted);
  });
});
