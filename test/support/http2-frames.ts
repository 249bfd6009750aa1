import { createServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import type { TlsIdentity } from '../../src/lab/loopback-server.ts';

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** One HTTP/2 frame (RFC 9113 section 4.1). */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** SETTINGS with these parameters (section 6.5.1). */
export function settings(...parameters: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(parameters.length * 6);
  for (const [index, [id, value]] of parameters.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return frame(frameTypes.settings, 0, 0, payload);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export interface FrameScene {
  readonly socket: TLSSocket;
  write(data: Uint8Array): Promise<void>;
  /** Writes it again and again until the peer has gone. */
  flood(data: Uint8Array): Promise<void>;
}

/** `onFrame` is told of each frame's type, flags, stream and payload; `onOpen` once the preface came. */
export interface FrameScript {
  readonly onOpen?: (scene: FrameScene) => unknown;
  readonly onFrame?: (scene: FrameScene, type: number, flags: number, stream: number, payload: Buffer) => unknown;
}

export interface FrameServer {
  readonly url: string;
  readonly acceptedConnections: number;
  readonly openConnections: number;
  readonly close: () => Promise<void>;
}

/** Speaks HTTP/2 by hand over TLS. */
export async function startFrameServer(identity: TlsIdentity, script: FrameScript): Promise<FrameServer> {
  const sockets = new Set<TLSSocket>();
  let acceptedConnections = 0;
  const server = createServer({ ...identity, ALPNProtocols: ['h2'] }, (socket) => {
    acceptedConnections += 1;
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const write = (data: Uint8Array): Promise<void> =>
      Promise.race([closed, new Promise<void>((resolve) => socket.write(data, () => resolve()))]);
    const scene: FrameScene = {
      socket,
      write,
      async flood(data) {
        while (!socket.destroyed) {
          await write(data);
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    };
    let bytes = Buffer.alloc(0);
    let opened = false;
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!opened && bytes.length >= 24) {
        opened = true;
        bytes = bytes.subarray(24);
        void script.onOpen?.(scene);
      }
      if (!opened) return;
      while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
        const [type = 0, flags = 0] = [bytes[3], bytes[4]];
        const end = 9 + bytes.readUIntBE(0, 3);
        void script.onFrame?.(scene, type, flags, bytes.readUInt32BE(5), bytes.subarray(9, end));
        bytes = bytes.subarray(end);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get openConnections() {
      return sockets.size;
    },
    get acceptedConnections() {
      return acceptedConnections;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
