import { inspect } from 'node:util';

/**
 * A credential that can be used but not shown: it prints as `<secret>` in logs, JSON, template strings and errors.
 * The value is read when it is needed, so that a rotated file or variable is picked up without a restart.
 */
export class Secret {
  readonly #read: () => string;

  constructor(read: () => string) {
    this.#read = read;
  }

  /** A secret whose value is already known, for example from an inline setting or a terminal. */
  static of(value: string): Secret {
    return new Secret(() => value);
  }

  /** The value itself. Call it only where the value goes on the wire. Throws when the source (a file) is gone. */
  reveal(): string {
    return this.#read();
  }

  toString(): string {
    return '<secret>';
  }

  toJSON(): string {
    return '<secret>';
  }

  [inspect.custom](): string {
    return '<secret>';
  }
}
