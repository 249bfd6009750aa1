/**
 * What Linux says of one TCP connection (`struct tcp_info`, include/uapi/linux/tcp.h), in bytes, segments and milliseconds.
 * What a kernel does not fill is absent. Counters run from the begin of the connection, heads and TLS included.
 */
export interface TcpInfo {
  /** Retransmission timeouts since the last acknowledgement. */
  readonly timeoutsInRow?: number;
  /** Window probes without an answer: the peer's window is closed. */
  readonly probes?: number;
  readonly mssBytes?: number;
  readonly unackedSegments?: number;
  readonly pathMtuBytes?: number;
  readonly rttMs?: number;
  readonly minRttMs?: number;
  /** Of these the peer's kernel has all. */
  readonly ackedBytes?: number;
  /** Taken from the process and not sent yet. */
  readonly notSentBytes?: number;
  readonly deliveryBytesPerSecond?: number;
  /** Time in which there was something to send, or to be acknowledged. */
  readonly busyMs?: number;
  /** Of it: the peer's window was full. */
  readonly receiverLimitedMs?: number;
  /** Of it: the send buffer of this host was full. */
  readonly bufferLimitedMs?: number;
  /** Repeated ones included. */
  readonly sentBytes?: number;
  readonly retransmittedBytes?: number;
  /** The window that the peer announces; 0: it takes nothing. */
  readonly windowBytes?: number;
}

interface Field {
  readonly at: number;
  readonly bits: 8 | 32 | 64;
  /** Of the kernel's unit to ours. */
  readonly factor?: number;
  /** Values that mean that there is none yet. */
  readonly unknown?: readonly number[];
}

const microseconds = { factor: 1 / 1_000 } as const;

/** Grown at its end only, so the length that the kernel gives says which fields it has; the version that brought each is in brackets. */
const fields: Readonly<Record<keyof TcpInfo, Field>> = {
  timeoutsInRow: { at: 2, bits: 8 },
  probes: { at: 3, bits: 8 },
  mssBytes: { at: 16, bits: 32 },
  unackedSegments: { at: 24, bits: 32 },
  pathMtuBytes: { at: 60, bits: 32 },
  rttMs: { at: 68, bits: 32, ...microseconds, unknown: [0] },
  ackedBytes: { at: 120, bits: 64 }, // [4.1]
  notSentBytes: { at: 144, bits: 32 }, // [4.6]
  minRttMs: { at: 148, bits: 32, ...microseconds, unknown: [0, 0xffffffff] }, // [4.6]
  deliveryBytesPerSecond: { at: 160, bits: 64, unknown: [0] }, // [4.9]
  busyMs: { at: 168, bits: 64, ...microseconds }, // [4.10]
  receiverLimitedMs: { at: 176, bits: 64, ...microseconds }, // [4.10]
  bufferLimitedMs: { at: 184, bits: 64, ...microseconds }, // [4.10]
  sentBytes: { at: 200, bits: 64 }, // [4.19]
  retransmittedBytes: { at: 208, bits: 64 }, // [4.19]
  windowBytes: { at: 228, bits: 32 }, // [5.4]
};

/** Longer than any kernel's so far. */
export const tcpInfoBytes = 512;

/** What gVisor and the like fill of it: they give the whole length, and zero where they know nothing. QEMU gives four bytes. */
const filledByAll: readonly string[] = ['rttMs'] satisfies (keyof TcpInfo)[];

/** `bytes`: as many as the kernel gave, in the order of a little-endian machine. undefined: nothing of it is known. Pure. */
export function decodeTcpInfo(bytes: Buffer): TcpInfo | undefined {
  const read = Object.entries(fields).flatMap(([name, field]) => {
    const value = valueOf(bytes, field);
    return value === undefined ? [] : [[name, value] as const];
  });
  const { mssBytes = 0, pathMtuBytes = 0, ...others }: TcpInfo = Object.fromEntries(read);
  // No connection of Linux is without these two.
  if (mssBytes > 0 && pathMtuBytes > 0) return { mssBytes, pathMtuBytes, ...others };
  const filled = read.filter(([name]) => filledByAll.includes(name));
  return filled.length === 0 ? undefined : Object.fromEntries(filled);
}

function valueOf(bytes: Buffer, { at, bits, factor = 1, unknown = [] }: Field): number | undefined {
  if (bytes.length < at + bits / 8) return undefined;
  const raw =
    bits === 8 ? bytes.readUInt8(at) : bits === 32 ? bytes.readUInt32LE(at) : Number(bytes.readBigUInt64LE(at));
  return unknown.includes(raw) ? undefined : raw * factor;
}
