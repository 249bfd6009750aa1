import { thresholds } from '../../prometheus/src/thresholds.ts';
import type { Row } from './board.ts';
import { type AnyPanel, lines } from './panels.ts';
import { lately, mean } from './queries.ts';

const check = '{{workload}} as {{client}}';
const base = ['client', 'workload'] as const;
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
        { expr: of(lately('firstAttemptFailures'), lately('runs')), legend: `first: ${check}` },
        { expr: of(lately('runFailures'), lately('runs')), legend: `final: ${check}` },
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
        { expr: mean('runAttempts', base), legend: `attempts: ${check}` },
        { expr: `sum by (${baseList}) (${lately('resends')})`, legend: `resends: ${check}` },
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
