import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stop } from '../programs.ts';

/** A listener at which TCP itself makes a connection late. */
export interface HeldListener {
  readonly port: number;
  /** From when this resolves, for some hundred milliseconds, the first SYN of a new connection is dropped. */
  readonly hold: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** As many as its queue takes: the kernel lets in one more than the backlog says. */
const waitingConnections = 2;

export async function startHeldListener(): Promise<HeldListener> {
  const child = fork(fileURLToPath(new URL('held-listener.js', import.meta.url)), { stdio: 'inherit' });
  const [port] = (await once(child, 'message')) as [number];
  return {
    port,
    async hold() {
      const asleep = once(child, 'message');
      child.send('sleep');
      await asleep;
      await sleep(20);
      for (let waiting = 0; waiting < waitingConnections; waiting += 1) {
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect');
        // Nobody reads from it; it goes when the sleep is over.
        socket.on('error', () => socket.destroy());
        setTimeout(() => socket.destroy(), 2_000);
      }
      // So that their packets are older than what is looked at.
      await sleep(5);
    },
    stop: () => stop(child),
  };
}
