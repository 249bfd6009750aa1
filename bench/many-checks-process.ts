import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { nodeFlags } from './daemon.ts';
import type { Order, Report } from './many-checks.ts';
import { type Helper, startSink, stop } from './programs.ts';

/** A process with many checks, and a sink for its pushes. */
export interface ManyChecks {
  readonly order: (order: Order) => Promise<Report>;
  /** Asks for a URL and takes the answer as it comes. Throws unless it is 200. */
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
  readonly stop: () => Promise<void>;
}

export interface Answer {
  readonly firstByteMs: number;
  readonly totalMs: number;
  readonly bytes: number;
}

/** Starts it, with the flags of Node that the daemon has. */
export async function startManyChecks(checkCount: number): Promise<ManyChecks> {
  const sink: Helper = await startSink();
  const program = fileURLToPath(new URL('many-checks.js', import.meta.url));
  const child = fork(program, [String(checkCount), sink.origin], { execArgv: [...nodeFlags()] });
  const agent = new Agent({ keepAlive: true });
  const [first] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`the process of ${checkCount} checks ended: ${code}`)),
    ),
  ])) as [Report];
  return {
    order: async (order) => {
      const answer = once(child, 'message');
      child.send(order);
      return ((await answer) as [Report])[0];
    },
    get: (path, headers = {}) => get(agent, first.port, path, headers),
    stop: async () => {
      agent.destroy();
      await stop(child);
      await sink.stop();
    },
  };
}

function get(agent: Agent, port: number, path: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    request({ agent, host: '127.0.0.1', port, path, headers }, (response) => {
      const firstByteMs = performance.now() - startMs;
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length));
      response.on('error', reject);
      response.on('end', () =>
        response.statusCode === 200
          ? resolve({ firstByteMs, totalMs: performance.now() - startMs, bytes })
          : reject(new Error(`${path} answered ${response.statusCode}`)),
      );
    })
      .on('error', reject)
      .end();
  });
}
