import type { Value } from './board.ts';

/** Puts values in the place of `$name`, `${name}` and `${name:format}`; what has none stays as it is. */
export function replaced(
  text: string,
  values: Readonly<Record<string, Value | string>>,
  how: 'query' | 'url' = 'query',
): string {
  return text.replace(/\$\{(\w+)(?::(\w+))?\}|\$(\w+)/g, (whole, braced?: string, format?: string, plain?: string) => {
    const name = braced ?? plain ?? '';
    const value = values[name];
    if (value === undefined) return whole;
    if (typeof value === 'string') return value;
    if (format === 'queryparam') {
      const all = value.text === 'All' ? ['$__all'] : value.chosen;
      return all.map((one) => `var-${name}=${encodeURIComponent(one)}`).join('&');
    }
    return how === 'url' || format === 'raw' ? value.chosen.join(',') : value.query;
  });
}
