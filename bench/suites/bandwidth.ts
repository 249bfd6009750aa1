import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createEngine } from '../../src/daemon/engine.ts';
import { startRegistry } from '../../src/lab/registry.ts';
import { parseConfig } from '../../src/config/load.ts';
import { rowOf } from '../figures.ts';
import type { Row, Suite } from '../suite.ts';

const seconds = 4;
const windowMs = 100;

/** The limit on bandwidth as the other end sees it: bytes by time behind the network. */
export const bandwidthSuite: Suite = {
  name: 'bandwidth',
  what: 'budget.bandwidth, seen by the receiver: rate over a whole push, and in its fullest 100 ms',
  async run({ runs, progress }) {
    const rows: Row[] = [];
    for (const megabits of [20, 200, 1_000]) {
      const rates: number[] = [];
      const fullest: number[] = [];
      for (let run = 1; run <= runs; run += 1) {
        progress(`${megabits} Mbit/s: run ${run} of ${runs}`);
        const { rate, most } = await measure(megabits);
        rates.push(rate);
        fullest.push(most);
      }
      const subject = `${megabits} Mbit/s`;
      rows.push(
        rowOf({ subject, figure: 'rate of a push', unit: '% of the limit' }, rates, {
          goal: { of: 'median', atLeast: 98, atMost: 102 },
        }),
        rowOf({ subject, figure: `most in ${windowMs} ms`, unit: '% of the limit' }, fullest),
      );
    }
    return rows;
  },
};

async function measure(megabits: number): Promise<{ readonly rate: number; readonly most: number }> {
  const bytesPerMs = (megabits * 1e6) / 8 / 1_000;
  const registry = await startRegistry({ bytes: 'discard' });
  const receiver = await startReceiver(Number(new URL(registry.url).port));
  const engine = createEngine();
  engine.limitBandwidth(megabits * 1e6);
  const sizeBytes = Math.round(bytesPerMs * seconds * 1_000);
  const config = {
    registries: { lab: { repository: 'a/b', paths: { direct: { url: receiver.url } } } },
    checks: { large: { size: `${sizeBytes}B`, every: '1h', clients: ['docker'], retries: 'none' } },
  };
  const { checks } = parseConfig(JSON.stringify(config), 'bench', { env: {} });
  const run = await engine.run(checks[0]!, { signal: new AbortController().signal });
  await receiver.close();
  await registry.close();
  if (run.failure !== undefined) throw new Error(`push failed: ${run.failure.reason}`);
  const { arrivals } = receiver;
  // Heads are small; what came first and last of the body is the span.
  const body = arrivals.filter(({ bytes }) => bytes > 2_000);
  const [first, last] = [body[0]!, body.at(-1)!];
  const total = body.reduce((sum, { bytes }) => sum + bytes, 0) - first.bytes;
  return { rate: (100 * total) / ((last.atMs - first.atMs) * bytesPerMs), most: fullestWindow(body, bytesPerMs) };
}

interface Arrival {
  readonly atMs: number;
  readonly bytes: number;
}

function fullestWindow(arrivals: readonly Arrival[], bytesPerMs: number): number {
  let most = 0;
  let inside = 0;
  let from = 0;
  for (const { atMs, bytes } of arrivals) {
    inside += bytes;
    while (arrivals[from]!.atMs < atMs - windowMs) {
      inside -= arrivals[from]!.bytes;
      from += 1;
    }
    most = Math.max(most, inside);
  }
  return (100 * most) / (windowMs * bytesPerMs);
}

/** Passes TCP on to the registry and writes down what came when. */
async function startReceiver(port: number) {
  const arrivals: Arrival[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((inside) => {
    const outside = connect(port, '127.0.0.1');
    inside.on('data', (chunk: Buffer) => arrivals.push({ atMs: performance.now(), bytes: chunk.length }));
    inside.pipe(outside).pipe(inside);
    for (const socket of [inside, outside]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      await once(server, 'close');
    },
  };
}
