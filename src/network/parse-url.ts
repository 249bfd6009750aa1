/**
 * The URL, or undefined when the text is none. In the place of `URL.canParse`, which in optimised code of Node 20 says yes to
 * texts with bytes above 0x7f that `new URL` then throws at (its fast path takes Latin-1 for UTF-8).
 */
export function parseUrl(text: string, base?: string | URL): WrittenUrl | undefined {
  try {
    return new WrittenUrl(text, base);
  } catch {
    return undefined;
  }
}

/**
 * A URL that remembers how its host and port were written. `URL` drops a port that is the scheme's own; Go keeps it, and so Host
 * says `registry.example.org:443` where the URL says so, which some proxies do not match (distribution/distribution#2177).
 */
export class WrittenUrl extends URL {
  /** Value of the Host header. */
  readonly authority: string;

  constructor(text: string | URL, base?: string | URL) {
    super(text, base);
    const from = authorityIn(String(text)) === undefined ? base : text;
    this.authority = withPort(this, from instanceof WrittenUrl ? from.authority : (authorityIn(String(from)) ?? ''));
  }
}

/** Host and port of a text that begins with them, after the scheme or not; a login before them is left where it is. */
function authorityIn(text: string): string | undefined {
  return /^\s*(?:[a-z][a-z0-9+.-]*:)?[\\/]{2,}([^/?#\\\s]*)/i.exec(text)?.[1];
}

/** The host as `URL` has it, which is what is connected to, and the port if one was written. */
function withPort(url: URL, authority: string): string {
  const port = /:(\d+)$/.exec(authority)?.[1];
  return port === undefined ? url.host : `${url.hostname}:${port}`;
}

/** What the Host header says for a URL. */
export function authorityOf(url: URL): string {
  return url instanceof WrittenUrl ? url.authority : url.host;
}

/** Scheme, host and port as written, without a trailing slash: what `NetworkPath.origin` holds. */
export function originOf(url: URL): string {
  return `${url.protocol}//${authorityOf(url)}`;
}

/** Text with its percent escapes decoded; with one that is none, as it is. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
