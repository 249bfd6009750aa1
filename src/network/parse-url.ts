/**
 * The URL, or undefined when the text is none. In the place of `URL.canParse`, which in optimised code of Node 20 says yes to
 * texts with bytes above 0x7f that `new URL` then throws at (its fast path takes Latin-1 for UTF-8).
 */
export function parseUrl(text: string, base?: string | URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
