import type { Exchange } from '../exchange.ts';
import { headerSecrets, urlSecrets } from './request-secrets.ts';
import { type SecretText, secretTexts, startAtEnd, withoutSecrets } from './secret-text.ts';

/** Far more than is shown of any text, and few enough that a hostile one takes no time. */
const maxTextChars = 16 * 1024;

/**
 * What a run told servers in confidence, gathered while it goes on. Debug pages, firewalls and hostile servers repeat it: in
 * bodies, headers, Location, realm and host names, also in the answer to a later request than the one it came with.
 */
export class Redactor {
  readonly #known = new Set<string>();
  readonly #texts: SecretText[] = [];
  /** What the URLs of an exchange hold: a dozen texts of each are looked through. */
  readonly #ofUrls = new WeakMap<Exchange, readonly SecretText[]>();

  static of(secrets: readonly string[]): Redactor {
    const redactor = new Redactor();
    secrets.forEach((secret) => redactor.add(secret));
    return redactor;
  }

  /** A credential that goes, or went, over the wire in some form. */
  add(secret: string): void {
    this.#remember([secret], true);
  }

  /** The request's credentials and extra headers. */
  learn(exchange: Exchange): void {
    this.addHeaders(exchange.requestHeaders);
  }

  addHeaders(headers: Exchange['requestHeaders']): void {
    const { credentials, around } = headerSecrets(Object.entries(headers));
    this.#remember(credentials, true);
    this.#remember(around, false);
  }

  /**
   * The text with `<secret>` for all of that, in any case and in the spellings of URLs, forms, JSON, HTML, base64, hexadecimal digits
   * and the like, and for what the URLs of `exchange` hold. Not found is what was turned round, spread over two texts, or encrypted.
   * Of a text that is longer than anybody is shown, the rest is left out.
   */
  redact(text: string, exchange?: Exchange): string {
    if (text.length > maxTextChars) return this.redactCut(text.slice(0, maxTextChars), exchange);
    return withoutSecrets(text, exchange === undefined ? this.#texts : [...this.#texts, ...this.#urlSecrets(exchange)]);
  }

  /** As `redact`, for a text of which only the beginning was read: what may be the start of a secret at its end is left out. */
  redactCut(text: string, exchange?: Exchange): string {
    const redacted = this.redact(text, exchange);
    return redacted.slice(0, redacted.length - startAtEnd(redacted, this.#texts));
  }

  holds(text: string): boolean {
    return this.redact(text) !== text;
  }

  #urlSecrets(exchange: Exchange): readonly SecretText[] {
    const known = this.#ofUrls.get(exchange) ?? urlSecrets(exchange).flatMap((secret) => secretTexts(secret, false));
    this.#ofUrls.set(exchange, known);
    return known;
  }

  #remember(secrets: readonly string[], inParts: boolean): void {
    const more = secrets.filter((secret) => !this.#known.has(secret));
    more.forEach((secret) => this.#known.add(secret));
    this.#texts.push(...more.flatMap((secret) => secretTexts(secret, inParts)));
  }
}
