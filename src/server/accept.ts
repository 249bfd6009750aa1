import type { MetricsFormat } from '../publish/metrics/exposition.ts';

interface Offer {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/**
 * The exposition format a scraper wants, by quality (RFC 9110 §12.5.1). OpenMetrics only for those that name it: a
 * browser's wildcard gets text. Text as well when nothing fits, as Go's client library does.
 */
export function negotiateFormat(accept: string | undefined): MetricsFormat {
  let openmetrics = 0;
  let text = 0;
  for (const { value, parameters, quality } of parseOffers(accept)) {
    const version = parameters.get('version');
    if (value === 'application/openmetrics-text' && (version === undefined || version === '1.0.0'))
      openmetrics = Math.max(openmetrics, quality);
    else if (value === 'text/plain' || value === 'text/*' || value === '*/*') text = Math.max(text, quality);
  }
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'text';
}

/** Whether the client takes gzip: named with a quality above 0, or by wildcard when not named (RFC 9110 §12.5.3). */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const offers = parseOffers(acceptEncoding);
  const named = offers.find(({ value }) => value === 'gzip' || value === 'x-gzip');
  const offer = named ?? offers.find(({ value }) => value === '*');
  return offer !== undefined && offer.quality > 0;
}

function parseOffers(header: string | undefined): Offer[] {
  return (header ?? '')
    .split(',')
    .map((part) => part.split(';').map((piece) => piece.trim()))
    .filter(([value]) => value !== undefined && value !== '')
    .map(([value = '', ...rest]) => {
      const parameters = new Map(
        rest.map((piece): [string, string] => {
          const [name = '', text = ''] = piece.split('=', 2);
          return [name.trim().toLowerCase(), text.trim().replace(/^"(.*)"$/, '$1')];
        }),
      );
      return { value: value.toLowerCase(), parameters, quality: quality(parameters.get('q')) };
    });
}

/** A quality that is no number between 0 and 1 refuses the offer instead of promoting it. */
function quality(text: string | undefined): number {
  if (text === undefined) return 1;
  const value = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
  return value;
}
