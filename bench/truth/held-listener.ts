import { type AddressInfo, createServer } from 'node:net';
import { answerLate } from './http.ts';
import { noDelays } from './protocol.ts';

/**
 * A registry in a process of its own that accepts nobody while it is told to sleep. Its queue of connections to accept is as short as it can
 * be: once two wait in it, the kernel drops the SYN of a third, which comes again a second later (RFC 6298). So TCP itself makes
 * a connection late, by a time that the packets tell.
 */
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  answerLate(socket, { current: () => noDelays, note: () => {} });
});

/** Longer than two connections take to come, shorter than the second after which the SYN comes again. */
const asleepMs = 600;

process.on('message', () => {
  // Told to the kernel before the sleep begins, which holds everything else in this process.
  process.send?.('asleep', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, asleepMs));
});
process.once('disconnect', () => process.exit());
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.send?.((server.address() as AddressInfo).port));
