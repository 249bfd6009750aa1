import type { Exchange } from './exchange.ts';
import { headerSecrets, longestFirst, secretSpellings, urlSecrets } from './request-secrets.ts';

/**
 * What a run told servers in confidence, gathered while it goes on. Debug pages, firewalls and hostile servers repeat it: in
 * bodies, headers, Location, realm and host names, also in the answer to a later request than the one it came with.
 */
export class Confidences {
  /** Lower case, the longest first: a part of a secret that is one itself must not keep the whole from being found. */
  #texts: readonly string[] = [];
  /** What the URLs of an exchange hold: a dozen texts of each are looked through. */
  readonly #ofUrls = new WeakMap<Exchange, readonly string[]>();

  /** A credential that goes, or went, over the wire in some form. */
  add(secret: string): void {
    this.#remember([secret]);
  }

  /** The request's credentials and extra headers. */
  learn(exchange: Exchange): void {
    this.addHeaders(exchange.requestHeaders);
  }

  addHeaders(headers: Exchange['requestHeaders']): void {
    this.#remember(headerSecrets(headers));
  }

  /** The text with `<secret>` for all of that, in any case, and for what the URLs of `exchange` hold. */
  blank(text: string, exchange?: Exchange): string {
    const known = withoutAll(text, this.#texts);
    return exchange === undefined ? known : withoutAll(known, this.#urlSecrets(exchange));
  }

  /** As `blank`, for a text of which only the beginning was read: what may be the start of a secret at its end is left out. */
  blankCut(text: string, exchange?: Exchange): string {
    const blanked = this.blank(text, exchange);
    const lower = lowered(blanked);
    const starts = this.#texts.map((secret) => startAtEnd(lower, secret));
    return blanked.slice(0, blanked.length - Math.max(0, ...starts));
  }

  holds(text: string): boolean {
    return this.blank(text) !== text;
  }

  #urlSecrets(exchange: Exchange): readonly string[] {
    const known = this.#ofUrls.get(exchange) ?? spelled(urlSecrets(exchange));
    this.#ofUrls.set(exchange, known);
    return known;
  }

  #remember(secrets: readonly string[]): void {
    const more = spelled(secrets).filter((text) => !this.#texts.includes(text));
    if (more.length > 0) this.#texts = longestFirst([...this.#texts, ...more]);
  }
}

function spelled(secrets: readonly string[]): string[] {
  return longestFirst(secrets.flatMap(secretSpellings).map(lowered));
}

/** ASCII only, as host names are lowered: the text keeps its length. */
function lowered(text: string): string {
  return /[^\0-\x7f]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text.toLowerCase();
}

/** By plain search: secrets can be too long for a regular expression. */
function withoutAll(text: string, secrets: readonly string[]): string {
  let [shown, lower] = [text, lowered(text)];
  for (const secret of secrets) {
    if (lower.includes(secret)) {
      shown = withoutOne(shown, lower, secret);
      lower = lowered(shown);
    }
  }
  return shown;
}

function withoutOne(text: string, lower: string, secret: string): string {
  let shown = '';
  let from = 0;
  for (let at = lower.indexOf(secret); at >= 0; at = lower.indexOf(secret, from)) {
    shown += `${text.slice(from, at)}<secret>`;
    from = at + secret.length;
  }
  return shown + text.slice(from);
}

/** Characters at the end of `text` with which `secret` begins. */
function startAtEnd(text: string, secret: string): number {
  let length = Math.min(text.length, secret.length - 1);
  while (length > 0 && !text.endsWith(secret.slice(0, length))) length -= 1;
  return length;
}
