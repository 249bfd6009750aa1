import { createSocket } from 'node:dgram';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createAuthority } from '../../src/lab/certificates.ts';
import { answerLate } from './http.ts';
import { type Injected, noDelays, type ServerPorts, type Truth, type TruthOrder } from './protocol.ts';

/**
 * A resolver, a proxy and a registry in a process of its own that take as long as they are told to, and say how long it was by
 * their own clock. What they say is the truth that the prober is compared with.
 */
let injected: Injected = noDelays;
let truth: Truth = { requests: [] };
/** When the other side began to speak TLS in the tunnel, or when its direct connection was accepted. */
let openedAtMs = 0;

const now = (): number => performance.now();

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Answers every question with 127.0.0.1 (A) or with nothing, after the delay. */
function startResolver(): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const askedAtMs = now();
    setTimeout(() => {
      socket.send(answerTo(query), from.port, from.address);
      truth = { ...truth, dnsMs: now() - askedAtMs };
    }, injected.dnsMs);
  });
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)));
}

/** RFC 1035: header, the question again, and one record when it was for an IPv4 address. */
function answerTo(query: Buffer): Buffer {
  let end = 12;
  while (query[end] !== 0) end += (query[end] ?? 0) + 1;
  const isA = query.readUInt16BE(end + 1) === 1;
  const header = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
  return Buffer.concat([header, query.subarray(12, end + 5), ...(isA ? [record] : [])]);
}

/** Opens a tunnel to where the request says, after the delay. */
function createProxy(): Server {
  const acceptedAtMs = new WeakMap<object, number>();
  const server = createHttpServer();
  server.on('connection', (socket) => acceptedAtMs.set(socket, now()));
  server.on('connect', (request, socket: Socket) => {
    const target = connect(Number(request.url?.split(':')[1]), '127.0.0.1');
    const end = (): void => void [target.destroy(), socket.destroy()];
    target.on('error', end).on('close', end).setNoDelay();
    socket.on('error', end).on('close', end).setNoDelay();
    setTimeout(() => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      truth = { ...truth, connectMs: now() - (acceptedAtMs.get(socket) ?? Number.NaN) };
      // Only the greeting begins the handshake: what the client does before it, as loading certificates, is no part of it.
      socket.once('data', () => (openedAtMs = now()));
      socket.pipe(target);
      target.pipe(socket);
    }, injected.connectMs);
  });
  return server;
}

/** `tunnelled`: the handshake can begin when the proxy has answered, else as soon as the connection is there. */
function createSecured(tunnelled: boolean, tls: ReturnType<typeof createTlsServer>): Server {
  return createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    const begin = (): void => void setTimeout(() => tls.emit('connection', socket), injected.tlsMs);
    if (!tunnelled) openedAtMs = now();
    if (tunnelled) {
      // The first bytes are the greeting: until they come, the tunnel is not open yet.
      setTimeout(begin, injected.connectMs);
    } else {
      begin();
    }
  });
}

async function start(): Promise<ServerPorts> {
  const authority = createAuthority('blobprobe bench CA');
  const context = {
    current: () => injected,
    note: (request: Truth['requests'][number]) => void truth.requests.push(request),
  };
  const tls = createTlsServer(authority.issue({ names: ['registry.bench.test', '127.0.0.1'] }), (socket) => {
    truth = { ...truth, tlsMs: now() - openedAtMs };
    answerLate(socket, context);
  });
  return {
    caCertificate: authority.cert,
    dns: await startResolver(),
    proxy: await listen(createProxy()),
    tunnelled: await listen(createSecured(true, tls)),
    secured: await listen(createSecured(false, tls)),
    plain: await listen(createServer({ noDelay: true }, (socket) => answerLate(socket, context))),
  };
}

process.on('message', (order: TruthOrder) => {
  if (order.kind === 'inject') {
    injected = order.injected;
    truth = { requests: [] };
    process.send?.({});
  } else {
    process.send?.(truth);
  }
});
process.once('disconnect', () => process.exit());
process.send?.(await start());
