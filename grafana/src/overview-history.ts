import { thresholds } from '../../prometheus/src/thresholds.ts';
import { alertsFiring, type Row } from './board.ts';
import { type AnyPanel, lines, matrix, number, states, successMap, valueMap } from './panels.ts';
import { chosen, lately } from './queries.ts';

const check = '{{path}} {{client}} {{workload}}';

export function history(): Row {
  return {
    title: 'Over time',
    panels: [...timelines(), ...curves()],
  };
}

function timelines(): AnyPanel[] {
  return [
    states(
      { title: 'State', description: 'Outcome of the last run at each time.', unit: 'none', width: 24, height: 10 },
      { expr: chosen('lastRunSuccess'), legend: check },
      [successMap],
    ),
    states(
      {
        title: 'Path at fault',
        description: 'Paths that the last round found at fault, while another path worked.',
        unit: 'none',
        width: 24,
        height: 6,
      },
      { expr: chosen('pathAtFault'), legend: check },
      [valueMap({ '0': { text: 'no', color: 'green' }, '1': { text: 'at fault', color: 'red' } })],
    ),
  ];
}

function curves(): AnyPanel[] {
  return [
    lines(
      {
        title: 'Throughput',
        description: 'Throughput of the last successful push over each path; a line stays level until the next run.',
        unit: 'Bps',
      },
      [{ expr: chosen('lastThroughput', { direction: 'push' }), legend: check }],
    ),
    lines(
      {
        title: 'Reasons of failed attempts',
        description: 'Failed attempts over the last three intervals, by reason and by who answered.',
        unit: 'none',
      },
      [
        {
          expr: `sum by (path, reason, answered_by) (${lately('attemptFailures')}) > 0`,
          legend: '{{path}} {{reason}} ({{answered_by}})',
        },
      ],
      { stacked: true },
    ),
  ];
}

export function limits(): Row {
  return {
    title: 'Limits',
    panels: [
      lines(
        {
          title: 'Largest accepted size',
          description: 'Largest body that each path accepted in the last search, against the size that you want.',
          unit: 'bytes',
        },
        [
          { expr: chosen('limitBytes', { bound: 'largest_accepted' }), legend: '{{path}} {{client}}' },
          { expr: 'vector(${wanted})', legend: 'wanted' },
        ],
      ),
      lines(
        {
          title: 'Alerts firing over time',
          description: 'Alerts of blobprobe that fire, by name and severity.',
          unit: 'none',
        },
        [{ expr: `count by (alertname, severity) (${alertsFiring})`, legend: '{{alertname}} ({{severity}})' }],
        { stacked: true },
      ),
    ],
  };
}

export function prober(): Row {
  return {
    title: 'Prober',
    panels: [
      matrix(
        { title: 'Versions', description: 'Which build runs where.', unit: 'none', width: 8, height: 6 },
        [{ expr: chosen('buildInfo'), legend: '' }],
        [],
        ['Value #A', 'Value'],
      ),
      number(
        {
          title: 'Configuration',
          description: 'Whether every prober took its configuration at the last reload; 0: one of them refused it.',
          unit: 'none',
          limits: [0.5],
          goodAbove: true,
          height: 6,
        },
        { expr: `min (${chosen('configLastReloadSuccessful')})`, legend: 'reloaded' },
      ),
      number(
        {
          title: 'Paused',
          description: 'Probers that somebody has paused: nothing runs on them, and what is shown of them gets older.',
          unit: 'none',
          limits: [0.5],
          height: 6,
        },
        { expr: `sum (${chosen('paused')})`, legend: 'paused' },
      ),
      lines(
        {
          title: 'Objects left behind',
          description:
            'Objects of earlier probes known to be still in the registry; a ledger that cannot be written, or of which lines were lost, knows less.',
          unit: 'none',
          limits: [thresholds.leftoverObjects],
          width: 8,
          height: 6,
        },
        [
          { expr: `sum by (registry, kind) (${chosen('leftoverObjects')})`, legend: '{{registry}} {{kind}}' },
          { expr: `count (${chosen('ledgerWritable')} == 0)`, legend: 'ledgers that cannot be written' },
          { expr: `sum (${chosen('ledgerUnreadableLines')} > 0)`, legend: 'lines of ledgers lost' },
        ],
      ),
    ],
  };
}
