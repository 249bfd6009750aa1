import { connect as netConnect, type Socket } from 'node:net';
import { NetworkError, type NetworkTimer, type TriedAddress } from './exchange.ts';
import { isOver, notBefore } from './not-before.ts';
import { codeOf } from './errors.ts';
import type { ResolvedAddress } from './resolve.ts';

interface ConnectOptions {
  readonly port: number;
  readonly localAddress: string | undefined;
  /** Milliseconds for all addresses together. */
  readonly timeoutMs: number;
  readonly now: () => number;
  /** Ends all attempts. */
  readonly ended: AbortSignal;
  /** Told of each socket when it is made. */
  readonly onSocket: ((socket: Socket) => void) | undefined;
  /** Told of each attempt when it is over. */
  readonly onTried: (tried: TriedAddress) => void;
}

type Attempts = ConnectOptions & { readonly deadlineMs: number };

/** No address gets less, as long as there is so much left; later ones may then get none (net.partialDeadline). */
const leastShareMs = 2_000;
/** The other family is tried as well when the first is not there by then (net.Dialer.FallbackDelay). */
const otherFamilyAfterMs = 300;

/**
 * Connects as Go's net.Dialer does (net/dial.go, dialParallel and dialSerial): the addresses of one family one after the other,
 * the time left divided among them, and the family of the first one ahead of the other. So a dead address costs what it costs
 * real clients. Throws NetworkError (stage `connect`): what the first address ended with.
 */
export async function connectFirst(addresses: readonly ResolvedAddress[], options: ConnectOptions): Promise<Socket> {
  const attempts = { ...options, deadlineMs: options.now() + options.timeoutMs };
  const isPrimary = ({ family }: ResolvedAddress): boolean => family === addresses[0]?.family;
  const others = addresses.filter((address) => !isPrimary(address));
  return others.length === 0 ? inTurn(addresses, attempts) : race(addresses.filter(isPrimary), others, attempts);
}

async function race(
  primaries: readonly ResolvedAddress[],
  others: readonly ResolvedAddress[],
  attempts: Attempts,
): Promise<Socket> {
  const over = new AbortController();
  const running = { ...attempts, ended: AbortSignal.any([attempts.ended, over.signal]) };
  const first = inTurn(primaries, running);
  let cancel = (): void => {};
  const begun = new Promise<void>((resolve) => {
    cancel = notBefore(otherFamilyAfterMs, attempts.now, resolve);
    first.catch(() => resolve());
  });
  const second = begun.then(() => inTurn(others, running));
  try {
    // No two come about: the one that is late ends before its socket is looked at again.
    return await Promise.any([first, second]);
  } catch {
    return await first;
  } finally {
    cancel();
    over.abort(isOver);
  }
}

async function inTurn(addresses: readonly ResolvedAddress[], attempts: Attempts): Promise<Socket> {
  let firstError: NetworkError | undefined;
  for (const [index, address] of addresses.entries()) {
    const leftMs = attempts.deadlineMs - attempts.now();
    if (attempts.ended.aborted || (leftMs <= 0 && firstError !== undefined)) break;
    const shareMs = Math.min(leftMs, Math.max(leftMs / (addresses.length - index), leastShareMs));
    try {
      return await connectOne(address, shareMs, attempts);
    } catch (error) {
      firstError ??= error instanceof NetworkError ? error : failed(codeOf(error), { cause: error });
    }
  }
  throw firstError ?? failed('ABORTED');
}

function connectOne(to: ResolvedAddress, limitMs: number, attempts: Attempts): Promise<Socket> {
  const { port, localAddress, now, ended } = attempts;
  const startedMs = now();
  return new Promise((resolve, reject) => {
    // More than any write of ours: that nothing is written before the kernel has taken what came before is the pump's to see to
    // (pump.ts), and the HTTP client need not wait for it as well, which would cost a turn of its own for each write. The option
    // is not in Node's documentation of sockets, but of the streams that they are; where it is not heeded, bodies go out slower.
    const writableHighWaterMark = 4 * 1024 * 1024;
    const buffering = { writableHighWaterMark };
    const socket = netConnect({ ...buffering, host: to.address, port, localAddress, noDelay: true });
    attempts.onSocket?.(socket);
    const end = (error?: NetworkError): void => {
      cancel();
      ended.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('close', onClose);
      attempts.onTried({ ...to, ms: now() - startedMs, code: error?.code });
      if (error === undefined) return resolve(socket);
      socket.on('error', () => {}).destroy();
      reject(error);
    };
    const onError = (error: Error): void => end(failed(codeOf(error), { cause: error }));
    const onClose = (): void => end(failed('ECONNRESET'));
    const onAbort = (): void => end(failed('ABORTED'));
    const cancel = notBefore(limitMs, now, () => end(failed('ETIMEDOUT', { timer: 'connect' })));
    socket
      .once('connect', () => end())
      .once('error', onError)
      .once('close', onClose);
    ended.addEventListener('abort', onAbort);
  });
}

function failed(code: string, more: { readonly cause?: unknown; readonly timer?: NetworkTimer } = {}): NetworkError {
  return new NetworkError({ stage: 'connect', code, message: `connect failed: ${code}`, ...more });
}
