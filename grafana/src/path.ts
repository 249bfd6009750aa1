import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board, type Row } from './board.ts';
import { causeTable, checkTable } from './check-table.ts';
import { type AnyPanel, heatMap, lines, number, states } from './panels.ts';
import { limits } from './path-limits.ts';
import { prober } from './path-prober.ts';
import { retries } from './path-retries.ts';
import { sending } from './path-sending.ts';
import { chosen, growth, heat, mean, quantile, runInterval, window } from './queries.ts';
import { aCheck } from './tables.ts';
import { failureLegend, failureNames, someFailMap, successMap, valueMap } from './words.ts';

const check = '{{workload}} as {{client}}';
const byCheck = 'by (client, workload)';

export function path(): Dashboard {
  const title = 'blobprobe / Path';
  const description =
    'One path: whether it works, why not, where the time of a push goes, and where and when pushes die.';
  const rows = [now(), time(), deaths(), sending(), limits(), retries(), prober()];
  return board('path', title, description, rows, ['registry', 'path']);
}

function now(): Row {
  return {
    title: 'Now: path $path to registry $registry',
    panels: [
      checkTable(
        {
          title: 'Checks over this path, failing first',
          description:
            'How the last run of each check went and, where it failed, why and which hop to look at. A click on the outcome leads to the newest runs, one on the reason to what can be done.',
          height: 10,
        },
        { withPath: false },
      ),
      causeTable(),
      ...numbers(),
      states(
        {
          title: 'State of each check',
          description: 'Outcome of the last run at each time.',
          unit: 'none',
          width: 20,
          height: 8,
          none: 'no run yet',
        },
        { expr: `avg ${byCheck} (${chosen('lastRunSuccess')})`, legend: check },
        [successMap, someFailMap],
      ),
    ],
  };
}

function numbers(): AnyPanel[] {
  return [
    number(
      {
        title: 'Checks failing',
        description: 'Checks over this path whose last run failed; each prober counts its own.',
        unit: 'none',
        limits: [0.5],
        height: 8,
        none: 'no run yet',
      },
      { expr: `sum (1 - ${aCheck(chosen('lastRunSuccess'))})`, legend: 'failing' },
      [valueMap({ '0': { text: 'none', color: 'green' } })],
    ),
  ];
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
        },
        [{ expr: mean('phaseDuration', ['phase']), legend: '{{phase}}' }],
        { stacked: true },
      ),
      lines(
        {
          title: 'Throughput of the last run',
          description: 'Throughput of the last successful run, up and down; level until the next run.',
          unit: 'Bps',
          none: 'no run has succeeded',
        },
        [
          {
            expr: `max by (client, workload, direction) (${chosen('lastThroughput')})`,
            legend: `${check}, {{direction}}`,
          },
        ],
        { log: 10 },
      ),
      ...againstLastWeek(),
      ...distributions(),
    ],
  };
}

/** How much slower than its own past a path is, and which part of a push is. */
function againstLastWeek(): AnyPanel[] {
  const push = chosen('lastThroughput', { direction: 'push' });
  const usual = `max ${byCheck} (quantile_over_time(0.5, (${push})[7d:${runInterval}]))`;
  const common = { unit: 'none', limits: [3], none: 'no past yet' };
  return [
    lines(
      {
        title: 'Times slower than its own last week',
        description:
          'Median throughput of the last seven days, as far as there are, divided by the best of the last three intervals: 1 is as usual. Above the line it alerts, for pushes of 1 MiB and more.',
        ...common,
      },
      [{ expr: `${usual} / max ${byCheck} (max_over_time(${push}[${window}]))`, legend: check }],
    ),
    lines(
      {
        title: 'Phases against last week',
        description:
          'Mean duration of each phase over the last three intervals, divided by that of seven days. The phase that grew says why: send is the network or a bandwidth limit, wait and commit are the storage behind.',
        ...common,
      },
      [
        {
          expr: `(${mean('phaseDuration', ['phase'])}) / (${mean('phaseDuration', ['phase'], '7d')})`,
          legend: '{{phase}}',
        },
      ],
    ),
  ];
}

function distributions(): AnyPanel[] {
  return [
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
        width: 24,
      },
      [
        { expr: quantile(0.5, 'runDuration', ['workload']), legend: '{{workload}}, half of the runs' },
        { expr: quantile(0.95, 'runDuration', ['workload']), legend: '{{workload}}, 95 % of the runs' },
      ],
    ),
  ];
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
        heat('failureSentBytes', {}, growth),
      ),
      heatMap(
        {
          title: 'Seconds at failure',
          description: 'Failed attempts by the age of the request. A time limit shows as a level line.',
          unit: 's',
        },
        heat('failureElapsed', {}, growth),
      ),
      lines(
        {
          title: 'Failed attempts',
          description: 'Failed attempts over the last three intervals, by phase, reason and who answered.',
          unit: 'none',
          width: 24,
          none: 'no failure seen',
        },
        [
          {
            expr: `sum by (phase, reason, answered_by) (${growth(chosen('attemptFailures'), window)}) > 0`,
            legend: failureLegend('{{phase}}'),
          },
        ],
        { stacked: true, renamed: failureNames },
      ),
    ],
  };
}
