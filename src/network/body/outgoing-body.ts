import type { Readable } from 'node:stream';
import type { Exchange, HttpRequest } from '../exchange.ts';
import type { BodySocket } from './body-socket.ts';
import { BodyPump, type Pacer } from './pump.ts';

/** A request's body on its way out: what the HTTP client is given, and how far it got. */
export class OutgoingBody {
  readonly plannedBytes: number;
  readonly declaredLength: boolean;
  /** Framing header of a streamed body with declared length. */
  readonly framing: Readonly<Record<string, string>>;
  readonly #bytes: Uint8Array | undefined;
  readonly #pump: BodyPump | undefined;

  constructor(
    { body, signal }: HttpRequest,
    socket: () => BodySocket | undefined,
    pacer: Pacer | undefined,
    onLastByte: () => void,
  ) {
    this.plannedBytes = body === undefined ? 0 : body.kind === 'bytes' ? body.bytes.byteLength : body.sizeBytes;
    this.declaredLength = body !== undefined && (body.kind === 'bytes' || body.declareLength);
    this.framing = body?.kind === 'stream' && body.declareLength ? { 'content-length': String(body.sizeBytes) } : {};
    this.#bytes = body?.kind === 'bytes' ? body.bytes : undefined;
    if (body?.kind === 'stream' && body.sizeBytes > 0) {
      const pace = pacer === undefined ? undefined : (bytes: number) => pacer.take(bytes, signal);
      this.#pump = new BodyPump({ chunks: body.chunks(pacer !== undefined), socket, pace, onFinished: onLastByte });
    }
  }

  /** false: the whole body goes out with the headers, in one write. */
  get streams(): boolean {
    return this.#pump !== undefined;
  }

  /** The HTTP client has a chunk of it in hand and cannot write it yet. */
  get isHeld(): boolean {
    return this.#pump?.isHeld ?? false;
  }

  /** Body bytes accepted by the kernel, once the request is `written`. */
  sentBytes(written: boolean): number {
    return this.#pump?.sentBytes ?? (written ? this.plannedBytes : 0);
  }

  /** What the exchange says of the body, once the request is `written` or never will be. */
  facts(written: boolean): Pick<Exchange, 'plannedBytes' | 'declaredLength' | 'sentBytes' | 'offeredBytes'> {
    const { plannedBytes, declaredLength } = this;
    // A body in one write is given away with the headers.
    const offeredBytes = this.#pump?.offeredBytes ?? plannedBytes;
    return { plannedBytes, declaredLength, sentBytes: this.sentBytes(written), offeredBytes };
  }

  /** undici takes async iterables as bodies (its documentation says so, its types do not). */
  forClient(): Uint8Array | Readable | null {
    return this.#bytes ?? ((this.#pump ?? null) as unknown as Readable | null);
  }

  /**
   * Looks at the progress ten times a second until the returned function is called: reports each change, and calls
   * `onStall` once no byte was accepted for `stallTimeoutMs`.
   */
  watch(options: {
    stallTimeoutMs: number | undefined;
    sending: () => boolean;
    onProgress: ((sentBytes: number) => void) | undefined;
    onStall: () => void;
    /** Called each time. */
    onLook: () => void;
  }): () => void {
    const tickMs = 100;
    let lastBytes = 0;
    let quietMs = 0;
    const timer = setInterval(() => {
      options.onLook();
      const sentBytes = this.sentBytes(true);
      quietMs = sentBytes === lastBytes ? quietMs + tickMs : 0;
      if (sentBytes !== lastBytes) {
        lastBytes = sentBytes;
        options.onProgress?.(sentBytes);
      } else if (options.sending() && options.stallTimeoutMs !== undefined && quietMs >= options.stallTimeoutMs) {
        options.onStall();
      }
    }, tickMs);
    return () => clearInterval(timer);
  }
}
