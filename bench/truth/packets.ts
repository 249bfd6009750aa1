import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { stop } from '../programs.ts';

/** One packet as it passed the loopback device, by the clock of the kernel. */
export interface Packet {
  /** Milliseconds since 1970, to the microsecond. */
  readonly atMs: number;
  readonly protocol: 'tcp' | 'udp';
  readonly fromPort: number;
  readonly toPort: number;
  /** The first of a TCP connection. */
  readonly syn: boolean;
  readonly payloadBytes: number;
}

/**
 * Reads what `tcpdump -w -` writes: libpcap's file format with microseconds or nanoseconds, in the byte order of this machine, frames of
 * Ethernet (which the loopback device pretends to speak) with IPv4. Everything else is passed over.
 */
export class PacketReader {
  #rest: Buffer = Buffer.alloc(0);
  #fractionsPerMs: number | undefined;

  /** The packets that are complete with these bytes. Throws when it is no such file. */
  take(bytes: Buffer): Packet[] {
    const all = this.#rest.byteLength === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = this.#fractionsPerMs === undefined ? this.#readFileHeader(all) : 0;
    const packets: Packet[] = [];
    while (this.#fractionsPerMs !== undefined && all.byteLength - at >= recordHeaderBytes) {
      const end = at + recordHeaderBytes + all.readUInt32LE(at + 8);
      if (end > all.byteLength) break;
      const atMs = all.readUInt32LE(at) * 1000 + all.readUInt32LE(at + 4) / this.#fractionsPerMs;
      const packet = readFrame(all.subarray(at + recordHeaderBytes, end), atMs);
      if (packet !== undefined) packets.push(packet);
      at = end;
    }
    this.#rest = all.subarray(at);
    return packets;
  }

  /** Where the first record begins. */
  #readFileHeader(bytes: Buffer): number {
    if (bytes.byteLength < fileHeaderBytes) return 0;
    const magic = bytes.readUInt32LE(0);
    this.#fractionsPerMs = fractionsPerMs[magic];
    if (this.#fractionsPerMs === undefined || bytes.readUInt32LE(20) !== linkTypeEthernet)
      throw new Error(`expected packets of Ethernet in libpcap's format, got magic number 0x${magic.toString(16)}`);
    return fileHeaderBytes;
  }
}

const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
const linkTypeEthernet = 1;
/** By the magic number at the start of the file. */
const fractionsPerMs: Readonly<Record<number, number>> = { 0xa1b2c3d4: 1_000, 0xa1b23c4d: 1_000_000 };

function readFrame(frame: Buffer, atMs: number): Packet | undefined {
  const ip = 14;
  if (frame.byteLength < ip + 20 || frame.readUInt16BE(12) !== 0x0800) return undefined;
  const transport = ip + (frame.readUInt8(ip) & 0x0f) * 4;
  const protocol = { 6: 'tcp', 17: 'udp' }[frame.readUInt8(ip + 9)] as Packet['protocol'] | undefined;
  if (protocol === undefined || frame.byteLength < transport + (protocol === 'tcp' ? 20 : 8)) return undefined;
  const headerBytes = protocol === 'udp' ? 8 : (frame.readUInt8(transport + 12) >> 4) * 4;
  const flags = protocol === 'udp' ? 0 : frame.readUInt8(transport + 13);
  return {
    atMs,
    protocol,
    fromPort: frame.readUInt16BE(transport),
    toPort: frame.readUInt16BE(transport + 2),
    // SYN without ACK.
    syn: (flags & 0x12) === 0x02,
    payloadBytes: frame.readUInt16BE(ip + 2) - (transport - ip) - headerBytes,
  };
}

/** Watches ports of 127.0.0.1 until stopped. */
export interface PacketWatch {
  /** What has passed since the call of `forget`, oldest first. */
  readonly packets: readonly Packet[];
  /** Forgets what has passed up to now. */
  readonly forget: () => void;
  readonly stop: () => Promise<void>;
}

const longestSeconds = 1_800;

/** Starts tcpdump; undefined where it is not installed or may not listen. */
export async function watchPackets(ports: readonly number[]): Promise<PacketWatch | undefined> {
  const filter = ports.map((port) => `port ${port}`).join(' or ');
  const output = ['--immediate-mode', '-U', '-s', '96', '-B', '16384', '--time-stamp-precision=nano', '-w', '-'];
  const command = ['tcpdump', '-i', 'lo', '-n', ...output, filter];
  // Whatever becomes of this process, it does not listen for ever.
  const child = spawn('timeout', [`${longestSeconds}`, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  const reader = new PacketReader();
  let packets: Packet[] = [];
  let sinceMs = 0;
  child.stdout.on('data', (bytes: Buffer) => {
    packets.push(...reader.take(bytes).filter(({ atMs }) => atMs >= sinceMs));
  });
  if (!(await isListening(child))) return undefined;
  return {
    get packets() {
      return packets;
    },
    forget() {
      packets = [];
      sinceMs = Date.now();
    },
    stop: () => stop(child),
  };
}

/** It says so on its standard error; or it ends, or was never there. */
async function isListening(child: ChildProcess): Promise<boolean> {
  const said = new Promise<boolean>((resolve) => {
    child.stderr?.on('data', (text: Buffer) => text.includes('listening on') && resolve(true));
  });
  const ended = Promise.race([once(child, 'exit'), once(child, 'error')]).then(
    () => false,
    () => false,
  );
  return Promise.race([said, ended, sleep(5_000, false)]);
}
