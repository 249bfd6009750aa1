/** Takes bytes out of a stream in the portions that are wanted. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #left: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** So many bytes, fewer at the end of the stream. */
  async upTo(bytes: number): Promise<Uint8Array> {
    const taken: Uint8Array[] = [];
    for (let wanted = bytes; wanted > 0; ) {
      const chunk = await this.some(wanted);
      if (chunk.length === 0) break;
      taken.push(Buffer.from(chunk));
      wanted -= chunk.length;
    }
    return Buffer.concat(taken);
  }

  /** The next bytes as they come, at most so many; none: the stream has ended. */
  async some(most: number): Promise<Uint8Array> {
    while (this.#left.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) break;
      this.#left = next.value;
    }
    const chunk = this.#left.subarray(0, most);
    this.#left = this.#left.subarray(chunk.length);
    return chunk;
  }
}
