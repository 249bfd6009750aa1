import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type ServerOpts, type Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  readonly close: () => Promise<void>;
}

type Item = { readonly dueMs: number; readonly act: () => void };

/**
 * A long way: passes TCP on to a port of 127.0.0.1, each piece, end and reset `delayMs` later, with room for all that is under way.
 * A reset comes after what was received before it, as on a wire.
 */
export function startRelay(targetPort: number, delayMs: number): Promise<Relay> {
  const join = (near: Socket, far: Socket): void => {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true);
      delayed(from, to, delayMs);
    }
  };
  return startJoint(targetPort, join, { allowHalfOpen: true });
}

/** Listens before a port of 127.0.0.1; `join` passes on what comes from one socket to the other, for each connection. */
export async function startJoint(
  targetPort: number,
  join: (near: Socket, far: Socket) => void,
  options: ServerOpts = {},
): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer(options, (near) => {
    const far = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: options.allowHalfOpen });
    for (const socket of [near, far]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    }
    join(near, far);
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

/** Whatever ends one of them ends both. */
export function endTogether(near: Socket, far: Socket): void {
  for (const socket of [near, far])
    socket.on('error', () => {}).on('close', () => [near, far].forEach((one) => one.destroy()));
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
