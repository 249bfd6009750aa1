import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { recorded } from '../../prometheus/src/recording.ts';
import { thresholds } from '../../prometheus/src/thresholds.ts';
import { by, checkLabels, comparisonLabels } from '../../prometheus/src/promql.ts';
import { alertsFiring, board, type Row } from './board.ts';
import { checkTable } from './check-table.ts';
import { history, limits, prober } from './overview-history.ts';
import { type AnyPanel, number } from './panels.ts';
import { chosen, targetFilter } from './queries.ts';
import { aCheck, pathMatrix, rowsOf } from './tables.ts';
import { verdictMap } from './words.ts';

const stale = thresholds.staleIntervals;

export function overview(): Dashboard {
  return board('overview', 'blobprobe / Overview', 'Which paths to the registries work, for which clients and sizes.', [
    now(),
    history(),
    limits(),
    prober(),
  ]);
}

function now(): Row {
  return {
    title: 'Now',
    panels: [
      pathMatrix(
        {
          title: 'Which path is broken for which workload: $registry',
          description:
            'Outcome of the last runs over each path: ok, failed, or only some clients or probers fail. A click on a path opens its board.',
          width: 12,
          height: 14,
        },
        `avg by (path, workload) (${chosen('lastRunSuccess')})`,
      ),
      verdictsPanel(),
      ...checkNumbers(),
      ...byteNumbers(),
      checkTable(
        {
          title: 'Every check, failing first',
          description:
            'How the last run of each check went and, where it failed, why, which hop to look at and who answered. A click on the outcome leads to the newest runs, one on the reason to what can be done, one on the path to its board.',
          height: 16,
        },
        { withPath: true },
      ),
    ],
  };
}

function verdictsPanel(): AnyPanel {
  const same = by([...comparisonLabels, 'verdict']);
  return rowsOf(
    {
      title: 'What the last rounds say',
      description:
        'A round pushes the same over every path, back to back, so that it can tell a fault of a path from one of the registry.',
      none: 'no round yet',
      width: 12,
      height: 14,
    },
    [
      { name: 'Workload', label: 'workload', width: 80 },
      { name: 'Client', label: 'client', width: 150 },
      { name: 'Verdict', label: 'verdict', mappings: [verdictMap], filled: 'text', width: 170 },
      {
        name: 'Paths at fault',
        expr: `sum ${by(comparisonLabels)} (${chosen('pathAtFault')})`,
        unit: 'none',
        width: 100,
      },
      { name: 'Registry', label: 'registry', width: 80 },
      { name: 'Prober', label: 'instance' },
      { name: 'verdict of', expr: `max ${same} (${chosen('roundVerdict')} == 1)`, hidden: true },
    ],
    { sortBy: ['Workload', 'Client'] },
  );
}

function checkNumbers(): AnyPanel[] {
  return [
    number(
      {
        title: 'Checks failing',
        description: 'Checks whose last run failed; each prober counts its own.',
        unit: 'none',
        limits: [0.5],
        none: 'no run yet',
      },
      { expr: `sum (1 - ${aCheck(chosen('lastRunSuccess'))})`, legend: 'failing' },
    ),
    number(
      {
        title: 'Runs that succeeded',
        description: 'Share of the runs of the time range.',
        unit: 'percentunit',
        limits: [0.9, 0.99],
        goodAbove: true,
        none: 'no run yet',
      },
      {
        expr: `1 - sum (increase(${chosen('runFailures')}[$__range])) / sum (increase(${chosen('runs')}[$__range]))`,
        legend: 'success',
      },
    ),
    ...trouble(),
  ];
}

function trouble(): AnyPanel[] {
  const age = `time() - ${aCheck(chosen('lastRunTimestamp'))}`;
  const affected = `count (max ${by(checkLabels)} (${alertsFiring}))`;
  const loaded = `0 * max (${recorded.failuresWanted}{${targetFilter}})`;
  return [
    number(
      {
        title: 'Checks with alerts',
        description:
          'Checks, paths and probers that a critical or warning alert of blobprobe is about, each counted once. Without the recording rules it says so.',
        unit: 'none',
        limits: [0.5],
        none: 'no rules loaded',
      },
      { expr: `${affected} or ${loaded}`, legend: 'with alerts' },
    ),
    number(
      {
        title: 'Checks stale',
        description: `Checks that have not run for ${stale} of their intervals.`,
        unit: 'none',
        limits: [0.5],
        none: 'no run yet',
      },
      { expr: `sum ((${age}) > bool ${stale} * ${aCheck(chosen('checkInterval'))})`, legend: 'stale' },
    ),
  ];
}

function byteNumbers(): AnyPanel[] {
  return [
    number(
      {
        title: 'Budget left',
        description: 'Bytes that may still be sent today, of all probers together.',
        unit: 'bytes',
        limits: [1],
        goodAbove: true,
        none: 'no budget',
      },
      { expr: `sum (${chosen('budgetRemaining')})`, legend: 'left' },
    ),
    number(
      {
        title: 'Bytes sent',
        description: 'Bytes sent in the time range, retries included.',
        unit: 'bytes',
        none: 'no run yet',
      },
      { expr: `sum (increase(${chosen('sentBytes')}[$__range]))`, legend: 'sent' },
    ),
  ];
}
