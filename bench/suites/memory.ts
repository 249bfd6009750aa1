import { oneCheck, startDaemon } from '../daemon.ts';
import { interleave, ratioTo, rowOf } from '../figures.ts';
import { peakResidentBytes, startSink } from '../programs.ts';
import type { Row, Suite } from '../suite.ts';

const largeMiB = 10 * 1024;
const smallMiB = 100;
const MiB = 1024 * 1024;

/** Whether memory grows with the size of what is pushed. */
export const memorySuite: Suite = {
  name: 'memory',
  what: 'largest resident memory of the daemon in its life so far: idle, after 100 MiB, after 10 GiB',
  async run(context) {
    const measured = await interleave(context, [
      { name: 'idle', measure: () => measureIdle() },
      ...['docker', 'docker-containerd'].flatMap((client) =>
        [smallMiB, largeMiB].map((sizeMiB) => ({
          name: `${client}, ${sizeMiB} MiB`,
          measure: () => measurePush(client, sizeMiB),
        })),
      ),
    ]);
    return [...measured].flatMap(([name, figures]) => memoryRows(name, figures, measured));
  },
};

function memoryRows(name: string, figures: readonly number[], all: ReadonlyMap<string, readonly number[]>): Row[] {
  const [subject = '', size] = name.split(', ');
  const row = { subject, figure: `peak resident memory${size === undefined ? '' : `, ${size} pushed`}`, unit: 'MiB' };
  if (size !== `${largeMiB} MiB`) return [rowOf(row, figures)];
  const small = `${smallMiB} MiB`;
  const ratio = ratioTo(small, figures, all.get(`${subject}, ${small}`) ?? []);
  return [
    rowOf(row, figures, { goal: { of: 'max', atMost: 120 } }),
    rowOf({ ...row, figure: `${row.figure}, against ${small}` }, figures, {
      ratio,
      goal: { of: 'ratio', atMost: 1.05 },
    }),
  ];
}

/** The daemon with one check that fails at once, because nobody listens there. */
async function measureIdle(): Promise<number> {
  const daemon = await startDaemon(oneCheck('http://127.0.0.1:9', 'docker', '1MiB'));
  try {
    return peakResidentBytes(daemon.pid) / MiB;
  } finally {
    await daemon.stop();
  }
}

async function measurePush(client: string, sizeMiB: number): Promise<number> {
  const sink = await startSink();
  const daemon = await startDaemon(oneCheck(sink.origin, client, `${sizeMiB}MiB`));
  try {
    // Scrapes leave garbage, too, and a push of 10 GiB would be beside hundreds of them.
    await daemon.untilRuns(1, 1_000);
    return peakResidentBytes(daemon.pid) / MiB;
  } finally {
    await daemon.stop();
    await sink.stop();
  }
}
