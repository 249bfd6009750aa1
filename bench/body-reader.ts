export interface RequestHead {
  readonly method: string;
  readonly target: string;
}

/**
 * The least of HTTP/1.1 that a sink needs: finds each request's head and skips its body, whether it has a length or comes in chunk
 * frames. It looks at frame lines, never at what is between them. Trailers, pipelining and `Expect` are not for senders like ours.
 */
export class BodyReader {
  readonly #onRequest: (head: RequestHead, bodyBytes: number) => void;
  readonly #onHead: ((head: RequestHead) => void) | undefined;
  #head: RequestHead | undefined;
  #chunked = false;
  #bodyBytes = 0;
  /** Bytes to skip before the next line or the end of the body. */
  #leftBytes = 0;
  /** The part of a head or of a frame line that has come so far. */
  #line = '';
  #lastFrame = false;

  /** `onRequest` is called once a request is there in full, `onHead` as soon as its head is. */
  constructor(onRequest: (head: RequestHead, bodyBytes: number) => void, onHead?: (head: RequestHead) => void) {
    this.#onRequest = onRequest;
    this.#onHead = onHead;
  }

  /** The next bytes from the connection; they are not kept. */
  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.byteLength; ) {
      if (this.#leftBytes > 0) {
        const skipped = Math.min(this.#leftBytes, bytes.byteLength - at);
        this.#leftBytes -= skipped;
        at += skipped;
        if (this.#leftBytes === 0 && !this.#chunked) this.#end();
      } else {
        at = this.#readLine(bytes, at);
      }
    }
  }

  /** Reads on to the end of a head or of a frame line; returns where it stopped. */
  #readLine(bytes: Buffer, from: number): number {
    const end = this.#head === undefined ? '\r\n\r\n' : '\r\n';
    // The end may be cut in two: what came before is at most a few bytes of it.
    const longest = this.#head === undefined ? 16 * 1024 : 32;
    const part = bytes.toString('latin1', from, Math.min(bytes.byteLength, from + longest));
    const text = this.#line + part;
    const at = text.indexOf(end);
    if (at < 0) {
      this.#line = text;
      return from + part.length;
    }
    const consumed = at + end.length - this.#line.length;
    this.#line = '';
    if (this.#head === undefined) this.#startRequest(text.slice(0, at));
    else this.#startFrame(text.slice(0, at));
    return from + consumed;
  }

  #startRequest(text: string): void {
    const [method = '', target = ''] = text.split(' ', 2);
    this.#head = { method, target };
    this.#bodyBytes = 0;
    this.#chunked = /\r\ntransfer-encoding: *chunked/i.test(text);
    this.#onHead?.(this.#head);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
    if (!this.#chunked) {
      this.#leftBytes = length;
      this.#bodyBytes = length;
      if (length === 0) this.#end();
    }
  }

  #startFrame(text: string): void {
    // An empty line ends the data of the frame before it.
    if (text === '') {
      if (this.#lastFrame) this.#end();
      return;
    }
    const size = Number.parseInt(text, 16);
    this.#bodyBytes += size;
    this.#leftBytes = size;
    this.#lastFrame = size === 0;
  }

  #end(): void {
    const head = this.#head;
    this.#head = undefined;
    this.#lastFrame = false;
    if (head !== undefined) this.#onRequest(head, this.#bodyBytes);
  }
}
