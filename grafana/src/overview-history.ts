import { thresholds } from '../../prometheus/src/thresholds.ts';
import { alertsFiring, type Row } from './board.ts';
import { type AnyPanel, lines, number, states } from './panels.ts';
import { chosen, growth, window } from './queries.ts';
import { rowsOf } from './tables.ts';
import { failureLegend, failureNames, someFailMap, successMap, valueMap } from './words.ts';

const onePath = ['registry', 'path'] as const;
const byPath = `by (${onePath.join(', ')})`;
const name = '{{path}} ({{registry}})';

export function history(): Row {
  return {
    title: 'Over time',
    panels: [
      states(
        {
          title: 'State of each path',
          description: 'Outcome of the last runs over each path at each time, over all clients and workloads chosen.',
          unit: 'none',
          none: 'no run yet',
          width: 24,
          height: 12,
        },
        { expr: `avg ${byPath} (${chosen('lastRunSuccess')})`, legend: name },
        [successMap, someFailMap],
        onePath,
      ),
      ...curves(),
    ],
  };
}

function curves(): AnyPanel[] {
  return [
    lines(
      {
        title: 'Best throughput of each path',
        description:
          'Best throughput of the last successful pushes over each path, whatever the client and workload, within three intervals.',
        unit: 'Bps',
        none: 'no run has succeeded',
        width: 10,
        height: 10,
      },
      [
        {
          expr: `max ${byPath} (max_over_time(${chosen('lastThroughput', { direction: 'push' })}[${window}]))`,
          legend: name,
        },
      ],
      { log: 10, runsBy: onePath },
    ),
    lines(
      {
        title: 'Why attempts failed',
        description: 'Failed attempts over the last three intervals, by path, reason and who answered.',
        unit: 'none',
        none: 'no failure seen',
        // Its names are sentences.
        width: 14,
        height: 10,
      },
      [
        {
          expr: `sum by (path, reason, answered_by) (${growth(chosen('attemptFailures'), window)}) > 0`,
          legend: failureLegend('{{path}}'),
        },
      ],
      { stacked: true, renamed: failureNames },
    ),
  ];
}

export function limits(): Row {
  return {
    title: 'Limits and alerts',
    panels: [
      lines(
        {
          title: 'Largest accepted size',
          description: 'Largest body that each path accepted in the last search, against the size that you want.',
          unit: 'bytes',
          none: 'no search yet',
        },
        [
          {
            expr: `min ${byPath} (${chosen('limitBytes', { bound: 'largest_accepted', direction: 'push' })})`,
            legend: name,
          },
          { expr: 'vector(${wanted})', legend: 'wanted' },
        ],
        { log: 2 },
      ),
      lines(
        {
          title: 'Checks with alerts over time',
          description: 'Checks that a critical or warning alert of blobprobe is about, by name of the alert.',
          unit: 'none',
          none: 'no alert, or no rules loaded',
        },
        [{ expr: `count by (alertname, severity) (${alertsFiring})`, legend: '{{alertname}} ({{severity}})' }],
        { stacked: true },
      ),
    ],
  };
}

export function prober(): Row {
  return {
    title: 'The probers themselves',
    panels: [
      rowsOf(
        { title: 'Versions', description: 'Which build runs where.', none: 'no prober seen', width: 8, height: 6 },
        [
          { name: 'Prober', label: 'instance', width: 200 },
          { name: 'Version', label: 'version', width: 80 },
          { name: 'Revision', label: 'revision' },
          { name: 'Node.js', label: 'nodeversion' },
          {
            name: 'build',
            expr: `max by (job, instance, version, revision, nodeversion) (${chosen('buildInfo')})`,
            unit: 'none',
            hidden: true,
          },
        ],
      ),
      ...settings(),
      lines(
        {
          title: 'Objects left behind',
          description:
            'Objects of earlier probes known to be still in the registry; a ledger that cannot be written, or of which lines were lost, knows less.',
          unit: 'none',
          limits: [thresholds.leftoverObjects],
          none: 'nothing known',
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

function settings(): AnyPanel[] {
  const accepted = valueMap({ '1': { text: 'accepted', color: 'green' }, '0': { text: 'refused', color: 'red' } });
  return [
    number(
      {
        title: 'Configuration',
        description: 'Whether every prober took its configuration at the last reload.',
        unit: 'none',
        limits: [0.5],
        goodAbove: true,
        none: 'no prober seen',
        height: 6,
      },
      { expr: `min (${chosen('configLastReloadSuccessful')})`, legend: 'configuration' },
      [accepted],
    ),
    number(
      {
        title: 'Probers paused',
        description: 'Probers that somebody has paused: nothing runs on them, and what is shown of them gets older.',
        unit: 'none',
        limits: [0.5],
        none: 'no prober seen',
        height: 6,
      },
      { expr: `sum (${chosen('paused')})`, legend: 'paused' },
      [valueMap({ '0': { text: 'none', color: 'green' } })],
    ),
  ];
}
