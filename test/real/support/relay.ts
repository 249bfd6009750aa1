import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  readonly close: () => Promise<void>;
}

type Item = { readonly dueMs: number; readonly act: () => void };

/**
 * A long way: passes TCP on to a port of 127.0.0.1, each piece, end and reset `delayMs` later, with room for all that is under way.
 * A reset comes after what was received before it, as on a wire.
 */
export async function startRelay(targetPort: number, delayMs: number): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.setNoDelay(true);
      from.once('close', () => open.delete(from));
      delayed(from, to, delayMs);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, close };
}

function delayed(from: Socket, to: Socket, delayMs: number): void {
  const items: Item[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    while (items[0] !== undefined && items[0].dueMs <= performance.now()) items.shift()!.act();
    if (items[0] !== undefined) timer = setTimeout(flush, Math.max(1, items[0].dueMs - performance.now()));
  };
  const put = (act: () => void): void => {
    items.push({ dueMs: performance.now() + delayMs, act });
    timer ??= setTimeout(flush, delayMs);
  };
  from.on('data', (chunk) => put(() => void (to.destroyed || to.write(chunk))));
  from.on('end', () => put(() => to.end()));
  from.on('error', () => put(() => void (to.destroyed || to.resetAndDestroy())));
}
