import { createSocket } from 'node:dgram';
import type { DnsMode } from './plan.ts';

/** A resolver on loopback that knows one thing: every name is 127.0.0.1. */
export interface DnsServer {
  readonly port: number;
  readonly asked: number;
  setMode(mode: DnsMode): void;
  close(): Promise<void>;
}

const aRecord = 1;
const refused = 5;
const nxdomain = 3;

export async function startDnsServer(): Promise<DnsServer> {
  const socket = createSocket('udp4');
  let mode: DnsMode = 'answer';
  let asked = 0;
  socket.on('message', (query, from) => {
    asked += 1;
    const answer = answerTo(query, mode);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    get asked() {
      return asked;
    },
    setMode: (next) => (mode = next),
    close: () => new Promise((resolve) => socket.close(resolve)),
  };
}

/** RFC 1035: header, the question again, the answer. undefined: the datagram gets lost. */
function answerTo(query: Buffer, mode: DnsMode): Buffer | undefined {
  if (mode === 'silent') return undefined;
  if (mode === 'garbage') return Buffer.concat([query.subarray(0, 2), Buffer.alloc(9, 0xff)]);
  const end = query.indexOf(0, 12) + 5;
  const knows = query.readUInt16BE(end - 4) === aRecord && (mode === 'answer' || mode === 'wrong-address');
  const code = mode === 'refused' ? refused : mode === 'nxdomain' ? nxdomain : 0;
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(knows ? 1 : 0, 6);
  // 127.0.0.2 is loopback too, and nobody listens there.
  const address = mode === 'wrong-address' ? [127, 0, 0, 2] : [127, 0, 0, 1];
  const record = knows ? Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address]) : Buffer.alloc(0);
  return Buffer.concat([header, query.subarray(12, end), record]);
}
