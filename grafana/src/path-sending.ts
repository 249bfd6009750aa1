import type { Row } from './board.ts';
import { lines } from './panels.ts';
import { chosen, lately } from './queries.ts';

const check = '{{workload}} as {{client}}';
const byCheck = 'by (client, workload)';

/** What the kernel of the prober knows of the way; without koffi, and not on Linux, there is nothing of it. */
export function sending(): Row {
  const none = 'the kernel was not asked: docs/slow.md';
  return {
    title: 'Why it is slow',
    panels: [
      lines(
        {
          title: 'What held pushes up',
          description:
            'Time of sending over the last three intervals: the next host took no more (receiver), the line (network), or this host (prober). Somebody always is the limit.',
          unit: 's',
          none,
        },
        [{ expr: `sum by (limited_by) (${lately('sendingLimited')})`, legend: '{{limited_by}}' }],
        { stacked: true },
      ),
      lines(
        {
          title: 'Round trip',
          description: 'Shortest round trip to the next host during the last run.',
          unit: 's',
          none,
        },
        [{ expr: `max ${byCheck} (${chosen('roundTrip')})`, legend: check }],
        { log: 10 },
      ),
      lines(
        {
          title: 'Bytes sent once more',
          description: 'Retransmitted over the last three intervals. With an open window the line loses segments.',
          unit: 'bytes',
          none,
        },
        [{ expr: `sum ${byCheck} (${lately('retransmittedBytes')})`, legend: check }],
      ),
      lines(
        {
          title: 'Path MTU',
          description: 'Largest packet on the way to the next host, as the kernel believes.',
          unit: 'bytes',
          none,
        },
        [{ expr: `min ${byCheck} (${chosen('pathMtu')})`, legend: check }],
      ),
      others(),
    ],
  };
}

/** Somebody else beside the pushes. */
function others() {
  return lines(
    {
      title: 'Others meanwhile',
      description:
        'How long GET /v2/ took somebody else on the path: before the last push (idle), and beside it (loaded).',
      unit: 's',
      none: 'no check has neighbour: true',
    },
    [{ expr: `max by (client, workload, state) (${chosen('lastNeighbour')})`, legend: `${check}, {{state}}` }],
    { log: 10 },
  );
}
