import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { thresholds } from '../../prometheus/src/thresholds.ts';
import { alertsFiring, board, type Row } from './board.ts';
import { history, limits, prober } from './overview-history.ts';
import { type AnyPanel, matrix, number, successMap } from './panels.ts';
import { chosen } from './queries.ts';

const stale = thresholds.staleIntervals;

export function overview(): Dashboard {
  return board('overview', 'blobprobe / Overview', 'Which paths to the registries work, for which clients and sizes.', [
    now(),
    matrixRow(),
    history(),
    limits(),
    prober(),
  ]);
}

function now(): Row {
  const age = `time() - ${chosen('lastRunTimestamp')}`;
  return {
    title: 'Now',
    panels: [
      ...checkNumbers(age),
      ...byteNumbers(),
      matrix(
        {
          title: 'Verdict of the last round',
          description: 'What the last round over all paths found: the same push over each of them, back to back.',
          unit: 'none',
          height: 6,
        },
        [{ expr: `${chosen('roundVerdict')} == 1`, legend: '' }],
        [],
        ['Value #A', 'Value'],
      ),
    ],
  };
}

function checkNumbers(age: string): AnyPanel[] {
  return [
    number(
      { title: 'Checks failing', description: 'Checks whose last run failed.', unit: 'none', limits: [0.5] },
      { expr: `sum (1 - ${chosen('lastRunSuccess')})`, legend: 'failing' },
    ),
    number(
      {
        title: 'Success',
        description: 'Runs that succeeded, among all runs of the time range.',
        unit: 'percentunit',
        limits: [0.9, 0.99],
        goodAbove: true,
      },
      {
        expr: `1 - sum (increase(${chosen('runFailures')}[$__range])) / sum (increase(${chosen('runs')}[$__range]))`,
        legend: 'success',
      },
    ),
    number(
      { title: 'Alerts firing', description: 'Alerts of blobprobe that fire now.', unit: 'none', limits: [0.5] },
      { expr: `count (${alertsFiring}) or vector(0)`, legend: 'firing' },
    ),
    number(
      {
        title: 'Checks stale',
        description: `Checks that have not run for ${stale} of their intervals.`,
        unit: 'none',
        limits: [0.5],
      },
      { expr: `sum ((${age}) > bool ${stale} * ${chosen('checkInterval')})`, legend: 'stale' },
    ),
  ];
}

function byteNumbers(): AnyPanel[] {
  return [
    number(
      {
        title: 'Budget left',
        description: 'Bytes that may still be sent today; none without a budget.',
        unit: 'bytes',
        limits: [1],
        goodAbove: true,
      },
      { expr: `sum (${chosen('budgetRemaining')})`, legend: 'left' },
    ),
    number(
      { title: 'Bytes sent', description: 'Bytes sent in the time range, retries included.', unit: 'bytes' },
      { expr: `sum (increase(${chosen('sentBytes')}[$__range]))`, legend: 'sent' },
    ),
  ];
}

function matrixRow(): Row {
  return {
    title: 'Paths and workloads',
    panels: [
      matrix(
        {
          title: 'State of each check',
          description:
            'Last run of each check: outcome, throughput, attempts, duration, age, and how long ago a run last succeeded. A row per path, client and workload.',
          unit: 'none',
          height: 12,
        },
        [
          { expr: chosen('lastRunSuccess'), legend: '' },
          {
            expr: `sum by (registry, path, client, workload) (${chosen('lastThroughput', { direction: 'push' })})`,
            legend: '',
          },
          { expr: chosen('lastRunAttempts'), legend: '' },
          { expr: chosen('lastRunDuration'), legend: '' },
          { expr: `time() - ${chosen('lastRunTimestamp')}`, legend: '' },
          { expr: `time() - ${chosen('lastSuccessTimestamp')}`, legend: '' },
        ],
        [
          { refId: 'A', name: 'last run', unit: 'none', mappings: [successMap] },
          { refId: 'B', name: 'throughput', unit: 'Bps' },
          { refId: 'C', name: 'attempts', unit: 'none' },
          { refId: 'D', name: 'duration', unit: 's' },
          { refId: 'E', name: 'age', unit: 's' },
          { refId: 'F', name: 'last success', unit: 's' },
        ],
      ),
      matrix(
        {
          title: 'Last failures',
          description:
            'Why the checks fail whose last run failed: reason, phase, who answered, and which hop is to blame.',
          unit: 'none',
        },
        [{ expr: chosen('lastFailureInfo'), legend: '' }],
        [],
        ['Value #A', 'Value'],
      ),
    ],
  };
}
