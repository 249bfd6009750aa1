import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board, type Row } from './board.ts';
import { heatMap, lines } from './panels.ts';
import { limits, prober, retries } from './path-health.ts';
import { chosen, heat, lately, mean, quantile } from './queries.ts';

const check = '{{path}} {{client}} {{workload}}';

export function path(): Dashboard {
  return board('path', 'blobprobe / Path', 'Where the time of a push goes on a path, and where and when pushes die.', [
    time(),
    deaths(),
    retries(),
    limits(),
    prober(),
  ]);
}

function time(): Row {
  return {
    title: 'Where time goes',
    panels: [
      lines(
        {
          title: 'Phases',
          description:
            'Mean duration of each phase over the last three intervals, stacked. Phases not reached are left out.',
          unit: 's',
          width: 24,
        },
        [{ expr: mean('phaseDuration', ['phase']), legend: '{{phase}}' }],
        { stacked: true },
      ),
      heatMap(
        { title: 'Duration of runs', description: 'Runs by duration, waits between attempts included.', unit: 's' },
        heat('runDuration'),
      ),
      heatMap(
        { title: 'Throughput of pushes', description: 'Successful attempts by throughput.', unit: 'Bps' },
        heat('throughput', { direction: 'push' }),
      ),
      lines(
        {
          title: 'Duration of runs, 50th and 95th percentile',
          description: 'Durations over the last three intervals, of successful and of failed runs alike.',
          unit: 's',
        },
        [
          { expr: quantile(0.5, 'runDuration', ['path', 'workload']), legend: '{{path}} {{workload}} p50' },
          { expr: quantile(0.95, 'runDuration', ['path', 'workload']), legend: '{{path}} {{workload}} p95' },
        ],
      ),
      lines(
        {
          title: 'Throughput of the last run',
          description: 'Throughput of the last successful run, up and down; level until the next run.',
          unit: 'Bps',
        },
        [{ expr: chosen('lastThroughput'), legend: `${check} {{direction}}` }],
      ),
    ],
  };
}

function deaths(): Row {
  return {
    title: 'Where pushes die',
    panels: [
      heatMap(
        {
          title: 'Bytes sent at failure',
          description: 'Failed attempts by the bytes sent before. A size limit shows as a level line.',
          unit: 'bytes',
        },
        heat('failureSentBytes'),
      ),
      heatMap(
        {
          title: 'Seconds at failure',
          description: 'Failed attempts by the age of the request. A time limit shows as a level line.',
          unit: 's',
        },
        heat('failureElapsed'),
      ),
      lines(
        {
          title: 'Failed attempts',
          description: 'Failed attempts over the last three intervals, by phase, reason and who answered.',
          unit: 'none',
          width: 24,
        },
        [
          {
            expr: `sum by (phase, reason, answered_by) (${lately('attemptFailures')}) > 0`,
            legend: '{{phase}} {{reason}} ({{answered_by}})',
          },
        ],
        { stacked: true },
      ),
    ],
  };
}
