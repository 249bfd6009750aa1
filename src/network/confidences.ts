import type { Exchange } from './exchange.ts';
import { headerSecrets, longestFirst, secretSpellings, urlSecrets } from './request-secrets.ts';

/**
 * What a run told servers in confidence, gathered while it goes on. Debug pages, firewalls and hostile servers repeat it: in
 * bodies, headers, Location, realm and host names, also in the answer to a later request than the one it came with.
 */
export class Confidences {
  readonly #texts = new Set<string>();
  #pattern: RegExp | undefined;

  /** A credential that goes, or went, over the wire in some form. */
  add(secret: string): void {
    this.#remember(secretSpellings(secret));
  }

  /** The request's credentials and extra headers. */
  learn(exchange: Exchange): void {
    this.addHeaders(exchange.requestHeaders);
  }

  addHeaders(headers: Exchange['requestHeaders']): void {
    this.#remember(headerSecrets(headers).flatMap(secretSpellings));
  }

  /** The text with `<secret>` for all of that, in any case, and for what the URLs of `exchange` hold. */
  blank(text: string, exchange?: Exchange): string {
    if (this.#pattern === undefined && this.#texts.size > 0) {
      this.#pattern = anyOf([...this.#texts]);
    }
    const known = this.#pattern === undefined ? text : text.replace(this.#pattern, '<secret>');
    const more = exchange === undefined ? [] : longestFirst(urlSecrets(exchange).flatMap(secretSpellings));
    return more.length === 0 ? known : known.replace(anyOf(more), '<secret>');
  }

  /** As `blank`, for a text of which only the beginning was read: what may be the start of a secret at its end is left out. */
  blankCut(text: string, exchange?: Exchange): string {
    const blanked = this.blank(text, exchange);
    const lower = blanked.toLowerCase();
    const starts = [...this.#texts].map((secret) => startAtEnd(lower, secret.toLowerCase()));
    return blanked.slice(0, blanked.length - Math.max(0, ...starts));
  }

  holds(text: string): boolean {
    return this.blank(text) !== text;
  }

  #remember(texts: readonly string[]): void {
    const before = this.#texts.size;
    for (const text of longestFirst(texts)) this.#texts.add(text);
    if (this.#texts.size > before) this.#pattern = undefined;
  }
}

function anyOf(texts: readonly string[]): RegExp {
  return new RegExp(longestFirst(texts).map(escaped).join('|'), 'gi');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

/** Characters at the end of `text` with which `secret` begins. */
function startAtEnd(text: string, secret: string): number {
  let length = Math.min(text.length, secret.length - 1);
  while (length > 0 && !text.endsWith(secret.slice(0, length))) length -= 1;
  return length;
}
