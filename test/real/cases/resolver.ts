import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Stage } from './case.ts';

interface Ways {
  /** It thinks for so long before it says anything; default 0. */
  readonly delayMs?: number;
  /** It answers SERVFAIL where it is asked for IPv6, and not that there is none. */
  readonly failsForIpv6?: boolean;
}

/** A resolver that knows 127.0.0.1 for each name; its port. */
export async function startResolver(stage: Stage, { delayMs = 0, failsForIpv6 = false }: Ways): Promise<number> {
  const socket = createSocket('udp4');
  let closed = false;
  socket.on('message', (query, from) => {
    setTimeout(() => {
      let end = 12;
      while (query[end] !== 0) end += query[end]! + 1;
      const isA = query.readUInt16BE(end + 1) === 1;
      const header = Buffer.alloc(12);
      query.copy(header, 0, 0, 2);
      header.writeUInt16BE(failsForIpv6 && !isA ? 0x8182 : 0x8180, 2);
      header.writeUInt16BE(1, 4);
      header.writeUInt16BE(isA ? 1 : 0, 6);
      const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
      if (closed) return;
      const parts = [header, query.subarray(12, end + 5), ...(isA ? [answer] : [])];
      socket.send(Buffer.concat(parts), from.port, from.address, () => undefined);
    }, delayMs).unref();
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const close = (): void => {
    closed = true;
    socket.close();
  };
  await stage.keep(Promise.resolve({ close }));
  return socket.address().port;
}
