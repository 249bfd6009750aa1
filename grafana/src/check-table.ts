import { type AnyPanel } from './panels.ts';
import { chosen } from './queries.ts';
import { aCheck, type Column, rowsOf, toPathBoard, toRemedy, toRuns } from './tables.ts';
import { answererMap, blameMap, reasonMap, successMap } from './words.ts';

interface CheckTableText {
  readonly title: string;
  readonly description: string;
  readonly height: number;
}

/** A row for each check and prober, failing first: how the last run went, why it failed, what to do, since when. */
export function checkTable(text: CheckTableText, { withPath }: { readonly withPath: boolean }): AnyPanel {
  const ago = (key: 'lastRunTimestamp' | 'lastSuccessTimestamp'): string => `time() - ${aCheck(chosen(key))}`;
  const failure = aCheck(chosen('lastFailureInfo'), [...(withPath ? [] : ['phase']), 'reason', 'answered_by', 'blame']);
  const columns: Column[] = [
    { name: 'Path', label: 'path', ...(withPath ? { link: toPathBoard([], 'Path') } : { hidden: true }), width: 160 },
    { name: 'Workload', label: 'workload', width: 80 },
    { name: 'Client', label: 'client', width: 140 },
    {
      name: 'Last run',
      expr: aCheck(chosen('lastRunSuccess')),
      unit: 'none',
      mappings: [successMap],
      filled: 'cell',
      link: toRuns,
      width: 80,
    },
    { name: 'Reason', label: 'reason', mappings: [reasonMap], link: toRemedy, width: 230 },
    { name: 'Look at', label: 'blame', mappings: [blameMap], width: 175 },
    { name: 'Answered by', label: 'answered_by', mappings: [answererMap], width: 100 },
    { name: 'Since last success', expr: ago('lastSuccessTimestamp'), unit: 's', none: 'never', width: 140 },
    { name: 'Since last run', expr: ago('lastRunTimestamp'), unit: 's', width: 110 },
    { name: 'Throughput', expr: aCheck(chosen('lastThroughput', { direction: 'push' })), unit: 'Bps', width: 90 },
    ...(withPath ? [] : details()),
    { name: 'Registry', label: 'registry', width: 75, ...(withPath ? {} : { hidden: true as const }) },
    { name: 'Prober', label: 'instance' },
    { name: 'code', label: 'code', hidden: true },
    { name: 'failure', expr: `label_replace(${failure}, "code", "$1", "reason", "(.+)")`, hidden: true },
  ];
  return rowsOf({ ...text, width: 24 }, columns, {
    // With several probers what they say of one check stands together.
    sortBy: ['Last run', ...(withPath ? ['Path'] : []), 'Workload', 'Client'],
  });
}

/** What there is room for where all rows are of one path. */
function details(): Column[] {
  return [
    { name: 'Phase', label: 'phase', width: 80 },
    { name: 'Attempts', expr: aCheck(chosen('lastRunAttempts')), unit: 'none', width: 80 },
    { name: 'Duration', expr: aCheck(chosen('lastRunDuration')), unit: 's', width: 80 },
  ];
}

/** What the prober makes of each failure over a path, and what to change about it. */
export function causeTable(): AnyPanel {
  const failing = aCheck(`${chosen('consecutiveFailures')} > 0`);
  const cause = aCheck(chosen('lastCauseInfo'), ['title', 'confidence', 'remedy']);
  return rowsOf(
    {
      title: 'Likeliest causes, and what to try first',
      description:
        'A row for each check that fails: how often in a row, the likeliest cause of the last failure, how sure that is, and the setting to change. Without a cause open the run.',
      none: 'no failing check is known',
      width: 24,
      height: 8,
    },
    [
      { name: 'Workload', label: 'workload', link: toRuns, width: 90 },
      { name: 'Client', label: 'client', width: 140 },
      { name: 'Size', expr: `${aCheck(chosen('lastRunSize'))} and ${failing}`, unit: 'bytes', width: 90 },
      { name: 'Failed in a row', expr: failing, unit: 'none', width: 110 },
      { name: 'Cause', label: 'title', width: 290, wrapped: true },
      { name: 'How sure', label: 'confidence', width: 80 },
      { name: 'First thing to try', label: 'remedy', wrapped: true },
      { name: 'Registry', label: 'registry', hidden: true },
      { name: 'Path', label: 'path', hidden: true },
      { name: 'Prober', label: 'instance', width: 200 },
      { name: 'cause', expr: cause, hidden: true },
    ],
    { sortBy: ['Workload', 'Client'] },
  );
}
