import type { Socket } from 'node:net';
import { joined } from './joined.ts';

/** What was there before, or about, the head of an answer. */
export interface HeadFacts {
  /** Informational answers (1xx) before the answer itself. */
  readonly informational: number;
  /** In what the answer departs from RFC 9112 and Go's net/http and curl read it all the same. */
  readonly oddities: readonly string[];
  /** The first bytes of the answer, as they came; undefined: none came. */
  readonly beginning: Uint8Array | undefined;
}

/** All heads of one answer, informational ones included. Go bounds the same sum, at 10 MiB (net/http, maxHeaderResponseSize). */
const maxHeadBytes = 256 * 1024;
/** One `102 Processing` a second is what servers send while they work for long. */
const maxInformational = 4_096;
const keptBytes = 512;

/** The code with which a connection ends that sends more of that than fits. */
export const informationalFlood = 'INFORMATIONAL_FLOOD';

/** Bare line feeds, folded fields, a length twice or beside chunks: nearly no head has any of it, and one look is cheaper than all. */
const mayBeOdd = /[^\r]\n|\n[ \t]|\ncontent-length:[^]*\ncontent-length:|\ntransfer-encoding:/i;

/**
 * Reads the heads of HTTP/1.1 answers ahead of the parser, which is stricter than the clients: it knows no 100 that it did not ask
 * for, hands on each 1xx as if it were the answer, and refuses bare line feeds. Informational answers are taken out (RFC 9110,
 * 15.2: a client must be able to pass over them), and what Go and curl read is put into the form that the parser reads.
 */
export class AnswerHead {
  readonly #socket: Socket;
  #held: Buffer = Buffer.alloc(0);
  /** Behind which the end of the head is looked for. */
  #searchedBytes = 0;
  #heldBytes = 0;
  #reading = false;
  #informational = 0;
  #oddities = new Set<string>();
  #beginning: Uint8Array | undefined;

  /** Stands between the kernel and the socket's readers from now on. */
  constructor(socket: Socket) {
    this.#socket = socket;
    const push = socket.push.bind(socket);
    socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      if (!this.#reading) return push(chunk, encoding);
      if (!(chunk instanceof Uint8Array)) {
        // The end: what is held goes first, as it is.
        this.#reading = false;
        if (this.#held.length > 0) push(this.#release(this.#held));
        return push(chunk, encoding);
      }
      const ready = this.#take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      return ready.length === 0 || push(ready);
    };
  }

  /** A request goes out: what comes next is the head of its answer. */
  expect(): void {
    this.#held = Buffer.alloc(0);
    this.#searchedBytes = 0;
    this.#heldBytes = 0;
    this.#reading = true;
    this.#informational = 0;
    this.#oddities = new Set();
    this.#beginning = undefined;
  }

  get facts(): HeadFacts {
    const held = this.#held.length === 0 ? undefined : Uint8Array.from(this.#held.subarray(0, keptBytes));
    const beginning = this.#beginning ?? held;
    return { informational: this.#informational, oddities: [...this.#oddities], beginning };
  }

  /** What of all that came may go on to the parser. */
  #take(chunk: Buffer): Buffer {
    this.#heldBytes += chunk.length;
    this.#held = withoutEmptyLines(joined(this.#held, chunk));
    while (this.#reading) {
      if (!beginsAsHttp(this.#held)) return this.#release(this.#held);
      const end = endOfHead(this.#held, this.#searchedBytes);
      if (end === undefined) {
        this.#searchedBytes = Math.max(0, this.#held.length - 2);
        return this.#heldBytes > maxHeadBytes ? this.#overflow() : Buffer.alloc(0);
      }
      const head = this.#held.toString('latin1', 0, end);
      const rest = this.#held.subarray(end);
      if (!/^HTTP\/1\.\d +1(?!01)\d\d\b/.test(head)) return this.#release(Buffer.concat([this.#readable(head), rest]));
      this.#informational += 1;
      this.#held = rest;
      this.#searchedBytes = 0;
      if (this.#informational > maxInformational || this.#heldBytes - rest.length > maxHeadBytes)
        return this.#overflow();
    }
    return chunk;
  }

  #release(bytes: Buffer): Buffer {
    this.#reading = false;
    this.#beginning = Uint8Array.from(this.#held.subarray(0, keptBytes));
    this.#held = Buffer.alloc(0);
    return bytes;
  }

  #overflow(): Buffer {
    this.#release(Buffer.alloc(0));
    if (this.#informational > 0) {
      const error = new Error('too many informational answers before the answer itself');
      this.#socket.destroy(Object.assign(error, { code: informationalFlood }));
      return Buffer.alloc(0);
    }
    const error = new Error('the head of the answer is too long');
    this.#socket.destroy(Object.assign(error, { code: 'UND_ERR_HEADERS_OVERFLOW' }));
    return Buffer.alloc(0);
  }

  /** The head as the parser wants it. */
  #readable(head: string): Buffer {
    if (!mayBeOdd.test(head)) return Buffer.from(head, 'latin1');
    const note = (oddity: string): void => void this.#oddities.add(oddity);
    const lines = head.split('\n').map((line) => line.replace(/\r$/, ''));
    if (/[^\r]\n/.test(head)) note('bare line feeds');
    const [first = '', ...fields] = lines.slice(0, -2);
    const unfolded: string[] = [];
    for (const line of fields) {
      const before = unfolded.length - 1;
      if (/^[ \t]/.test(line) && before >= 0) {
        note('folded header');
        unfolded[before] += ` ${line.trim()}`;
      } else {
        unfolded.push(line);
      }
    }
    const chunked = unfolded.some((line) => /^transfer-encoding:.*chunked\s*$/i.test(line));
    const lengths = new Set<string>();
    const kept = unfolded.filter((line) => {
      if (!/^content-length:/i.test(line)) return true;
      const length = line.toLowerCase().replace(/\s/g, '');
      const repeated = lengths.has(length);
      lengths.add(length);
      if (chunked) note('length beside chunks');
      else if (repeated) note('repeated length');
      return !chunked && !repeated;
    });
    return Buffer.from(`${[first, ...kept].join('\r\n')}\r\n\r\n`, 'latin1');
  }
}

/** The parser passes over those in front of an answer, however many come. */
function withoutEmptyLines(bytes: Buffer): Buffer {
  const from = bytes.findIndex((byte) => byte !== 10 && byte !== 13);
  return bytes.subarray(from < 0 ? bytes.length : from);
}

function beginsAsHttp(bytes: Buffer): boolean {
  const beginning = 'HTTP/1.';
  return beginning.startsWith(bytes.toString('latin1', 0, Math.min(bytes.length, beginning.length)));
}

/** Behind the empty line that ends a head and begins at `from` or later; undefined: it is not there yet. */
function endOfHead(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf('\n', from); at >= 0; at = bytes.indexOf('\n', at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return undefined;
}
