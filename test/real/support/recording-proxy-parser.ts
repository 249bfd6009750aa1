/** How the body of a request was framed on the wire. */
export type Framing = 'none' | 'content-length' | 'chunked';

/** One request as its bytes said it, not as an HTTP library understood it. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  /** Names as they were written, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly framing: Framing;
  /** Bytes of the body so far, framing excluded. */
  bodyBytes: number;
  /** Payload bytes of each chunk, in order, without the last, empty one; empty unless the framing is `chunked`. */
  readonly chunkBytes: number[];
  /** The body has arrived to its end. */
  complete: boolean;
}

export interface WireListener {
  readonly onHead: (request: WireRequest) => void;
  readonly onEnd: (request: WireRequest) => void;
}

type State =
  | { readonly at: 'head' | 'chunk-size' | 'chunk-end' | 'trailer' }
  | { readonly at: 'length' | 'chunk'; left: number };

/** Value of a header, or undefined when the request has none of that name. */
export function headerOf(request: Pick<WireRequest, 'headers'>, name: string): string | undefined {
  return request.headers.find(([key]) => key.toLowerCase() === name)?.[1];
}

/** Reads the requests of one HTTP/1.1 connection from its bytes, for the framing that Node's own parser does not tell. */
export class WireParser {
  readonly #listener: WireListener;
  #pending: Buffer = Buffer.alloc(0);
  #state: State = { at: 'head' };
  #request: WireRequest | undefined;

  constructor(listener: WireListener) {
    this.#listener = listener;
  }

  /** Throws when the bytes are no HTTP/1.1. */
  feed(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (this.#step()) {
      // Each step takes what it can use; a step that can use nothing waits for more bytes.
    }
  }

  #step(): boolean {
    if (this.#pending.length === 0) return false;
    const state = this.#state;
    if ('left' in state) return this.#data(state);
    if (state.at === 'head') return this.#line('\r\n\r\n', (text) => this.#head(text));
    if (state.at === 'chunk-size') return this.#line('\r\n', (text) => this.#chunkSize(text));
    if (state.at === 'trailer') return this.#line('\r\n', (text) => text === '' && this.#end());
    return this.#line('\r\n', (text) => this.#chunkEnd(text));
  }

  #line(end: string, use: (text: string) => unknown): boolean {
    const index = this.#pending.indexOf(end);
    if (index < 0) return false;
    const text = this.#pending.toString('latin1', 0, index);
    this.#pending = this.#pending.subarray(index + end.length);
    use(text);
    return true;
  }

  #head(text: string): void {
    const [first = '', ...lines] = text.split('\r\n');
    const [method = '', target = '', version] = first.split(' ');
    if (version !== 'HTTP/1.1') throw new Error(`no HTTP/1.1 request line: ${first}`);
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const length = Number(headerOf({ headers }, 'content-length') ?? 0);
    const chunked = headerOf({ headers }, 'transfer-encoding') === 'chunked';
    const framing = chunked ? 'chunked' : length > 0 ? 'content-length' : 'none';
    const request: WireRequest = { method, target, headers, framing, bodyBytes: 0, chunkBytes: [], complete: false };
    this.#request = request;
    this.#state = chunked ? { at: 'chunk-size' } : { at: 'length', left: length };
    this.#listener.onHead(request);
    if (framing === 'none') this.#end();
  }

  #chunkSize(text: string): void {
    const size = Number.parseInt(text, 16);
    if (!/^[0-9a-f]+/i.test(text)) throw new Error(`no chunk size: ${text}`);
    if (size > 0) this.#request?.chunkBytes.push(size);
    this.#state = size > 0 ? { at: 'chunk', left: size } : { at: 'trailer' };
  }

  #chunkEnd(text: string): void {
    if (text !== '') throw new Error('a chunk is longer than it said');
    this.#state = { at: 'chunk-size' };
  }

  #data(state: Extract<State, { left: number }>): boolean {
    const taken = Math.min(state.left, this.#pending.length);
    this.#pending = this.#pending.subarray(taken);
    state.left -= taken;
    if (this.#request !== undefined) this.#request.bodyBytes += taken;
    if (state.left === 0 && state.at === 'chunk') this.#state = { at: 'chunk-end' };
    if (state.left === 0 && state.at === 'length') this.#end();
    return true;
  }

  #end(): void {
    const request = this.#request;
    this.#request = undefined;
    this.#state = { at: 'head' };
    if (request === undefined) return;
    request.complete = true;
    this.#listener.onEnd(request);
  }
}
