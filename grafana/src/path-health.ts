import { thresholds } from '../../prometheus/src/thresholds.ts';
import type { Row } from './board.ts';
import { type AnyPanel, lines, matrix, number, states, valueMap } from './panels.ts';
import { chosen, lately, mean, quantile } from './queries.ts';

const check = '{{path}} {{client}} {{workload}}';
const bounds = '{{path}} {{client}} {{bound}}';
const base = ['registry', 'path', 'client', 'workload'] as const;
const baseList = base.join(', ');

/** A share of two sums over the last runs, for each check. */
function of(part: string, whole: string): string {
  return `sum by (${baseList}) (${part}) / (sum by (${baseList}) (${whole}) > 0)`;
}

export function retries(): Row {
  return {
    title: 'Retries',
    panels: [...firstAndFinal(), ...amounts()],
  };
}

function firstAndFinal(): AnyPanel[] {
  return [
    lines(
      {
        title: 'Retries among attempts',
        description: 'Share of attempts that were retries, over the last three intervals.',
        unit: 'percentunit',
        limits: [thresholds.retryRatio],
      },
      [{ expr: of(lately('retries'), lately('attempts')), legend: check }],
    ),
    lines(
      {
        title: 'First attempts and final outcomes',
        description:
          'Runs whose first attempt failed, and runs that failed in the end. Between the two the client retried with success.',
        unit: 'percentunit',
        limits: [thresholds.firstAttemptFailureRatio],
      },
      [
        { expr: of(lately('firstAttemptFailures'), lately('runs')), legend: `first ${check}` },
        { expr: of(lately('runFailures'), lately('runs')), legend: `final ${check}` },
      ],
    ),
  ];
}

function amounts(): AnyPanel[] {
  return [
    lines(
      {
        title: 'Amplification',
        description: 'Bytes sent for each byte that the registry acknowledged; 1 is a push without waste.',
        unit: 'none',
      },
      [{ expr: of(lately('sentBytes'), lately('acknowledgedBytes')), legend: check }],
    ),
    lines(
      {
        title: 'Attempts of a run',
        description:
          'Mean of the attempts that the worst blob of a run needed, and requests sent again within attempts.',
        unit: 'none',
      },
      [
        { expr: mean('runAttempts', base), legend: `attempts ${check}` },
        { expr: `sum by (${baseList}) (${lately('resends')})`, legend: `resends ${check}` },
      ],
    ),
    lines(
      {
        title: 'Bytes pulled back',
        description: 'Bytes pulled back over the last three intervals, of checks that pull.',
        unit: 'bytes',
      },
      [{ expr: `sum by (${baseList}) (${lately('pulledBytes')})`, legend: check }],
    ),
  ];
}

export function limits(): Row {
  return {
    title: 'The path itself',
    panels: [...foundLimits(), ...endpoints()],
  };
}

function foundLimits(): AnyPanel[] {
  return [
    lines(
      {
        title: 'Size limit',
        description: 'Largest accepted and smallest rejected size found by search.',
        unit: 'bytes',
      },
      [{ expr: chosen('limitBytes'), legend: bounds }],
    ),
    lines({ title: 'Duration limit', description: 'Longest accepted and shortest rejected upload found.', unit: 's' }, [
      { expr: chosen('limitSeconds'), legend: bounds },
    ]),
  ];
}

function endpoints(): AnyPanel[] {
  return [
    states(
      { title: 'API', description: 'Whether each endpoint of the registry answers as it should.', unit: 'none' },
      { expr: chosen('apiUp'), legend: '{{path}} {{endpoint}}' },
      [valueMap({ '1': { text: 'up', color: 'green' }, '0': { text: 'down', color: 'red' } })],
    ),
    number(
      {
        title: 'Certificate',
        description: 'Time until the certificate seen on the path expires; the soonest of all chosen paths.',
        unit: 's',
        limits: [thresholds.certificateCriticalSeconds, thresholds.certificateWarningSeconds],
        goodAbove: true,
        width: 4,
        height: 8,
      },
      { expr: `min (${chosen('tlsCertificateExpiry')} - time())`, legend: 'left' },
    ),
    matrix(
      {
        title: 'Connections',
        description: 'How the last run of each client was connected.',
        unit: 'none',
        width: 8,
        height: 8,
      },
      [{ expr: chosen('pathInfo'), legend: '' }],
      [],
      ['Value #A', 'Value'],
    ),
  ];
}

export function prober(): Row {
  return {
    title: 'Prober',
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
        { expr: `sum by (path) (${chosen('runsInFlight')})`, legend: 'running {{path}}' },
        { expr: `sum by (path, kind) (${lately('cleanupFailures')})`, legend: 'left {{path}} {{kind}}' },
      ],
    ),
  ];
}
