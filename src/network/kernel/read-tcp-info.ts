import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { decodeTcpInfo, type TcpInfo, tcpInfoBytes } from './tcp-info.ts';

/** What the kernel knows of a connection now; undefined: nothing, or the socket is closed. */
export type ReadTcpInfo = (socket: Socket) => TcpInfo | undefined;

type GetSocketOption = (fd: number, level: number, name: number, value: Buffer, length: [number]) => number;

/** The part of koffi that is used here: its types are not there where it is not. */
interface Koffi {
  load(library: null): { func(declaration: string): GetSocketOption };
}

const ipprotoTcp = 6;
const tcpInfo = 11;
const declaration = 'int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)';

/**
 * A reader of TCP_INFO, some 20 µs a reading. undefined where there is none: another system than Linux, or koffi is not installed or has no
 * binary for this machine. Never throws. `load`: how koffi is found.
 */
export function createTcpInfoReader(load: () => unknown = loadKoffi): ReadTcpInfo | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const getsockopt = (load() as Koffi).load(null).func(declaration);
    return (socket) => readFrom(getsockopt, socket);
  } catch {
    return undefined;
  }
}

/** A reader of one connection that keeps what was known when it was closed: the truth about a cut is in that moment. */
export function untilClosed(read: ReadTcpInfo | undefined, socket: Socket): (() => TcpInfo | undefined) | undefined {
  if (read === undefined) return undefined;
  let last: TcpInfo | undefined;
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error) => {
    last ??= read(socket);
    return destroy(error);
  };
  return () => last ?? read(socket);
}

function loadKoffi(): unknown {
  const require = createRequire(import.meta.url);
  return require('koffi');
}

function readFrom(getsockopt: GetSocketOption, socket: Socket): TcpInfo | undefined {
  const fd = descriptorOf(socket);
  if (fd === undefined) return undefined;
  const value = Buffer.alloc(tcpInfoBytes);
  const length: [number] = [value.length];
  return getsockopt(fd, ipprotoTcp, tcpInfo, value, length) === 0
    ? decodeTcpInfo(value.subarray(0, length[0]))
    : undefined;
}

/** The descriptor is an internal of Node, of TLS sockets as well; a closed one has -1, or no handle. A test holds that it is there. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}
