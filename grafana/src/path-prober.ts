import { thresholds } from '../../prometheus/src/thresholds.ts';
import type { Row } from './board.ts';
import { type AnyPanel, lines } from './panels.ts';
import { chosen, lately, quantile } from './queries.ts';

export function prober(): Row {
  return {
    title: 'The probers themselves',
    panels: [...runHealth(), ...scheduleHealth()],
  };
}

function runHealth(): AnyPanel[] {
  return [
    lines(
      {
        title: 'Event loop lag',
        description: 'Longest delay of the event loop; above the line, runs are marked as tainted.',
        unit: 's',
        limits: [thresholds.eventLoopLagSeconds],
      },
      [{ expr: chosen('eventLoopLag'), legend: '{{instance}}' }],
    ),
    lines(
      {
        title: 'Tainted, cancelled and skipped',
        description: 'Runs not to be trusted, ended by ourselves, or left out, over the last three intervals.',
        unit: 'none',
      },
      [
        { expr: `sum (${lately('runsTainted')})`, legend: 'tainted' },
        { expr: `sum (${lately('runsCancelled')})`, legend: 'cancelled' },
        { expr: `sum (${lately('runsExhausted')})`, legend: 'no descriptors, memory or ports' },
        { expr: `sum by (cause) (${lately('runsSkipped')})`, legend: 'skipped: {{cause}}' },
      ],
      { stacked: true },
    ),
  ];
}

function scheduleHealth(): AnyPanel[] {
  return [
    lines(
      {
        title: 'Schedule lag',
        description: 'How late runs start against their slot, waiting for other transfers included: 95th percentile.',
        unit: 's',
      },
      [{ expr: quantile(0.95, 'scheduleLag', []), legend: 'p95' }],
    ),
    lines(
      {
        title: 'Runs under way and cleanup failures',
        description: 'Runs at this moment, and objects that could not be removed over the last three intervals.',
        unit: 'none',
      },
      [
        { expr: `sum (${chosen('runsInFlight')})`, legend: 'running' },
        { expr: `sum by (kind) (${lately('cleanupFailures')})`, legend: 'left behind: {{kind}}' },
      ],
    ),
  ];
}
