/** Line rates count in powers of ten only; a rate in bytes is refused, so that nobody is off by a factor of eight. */
const unitBits: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

export const bitRatePattern = /^(\d{1,15})([kMGT]?)bit\/s$/;

/**
 * Reads a line rate: `200Mbit/s`, `1Gbit/s`, `64kbit/s`.
 * @returns bits per second.
 * @throws RangeError when the text is not such a rate, or is more than 2^53 − 1 bits per second.
 */
export function parseBitRate(text: string): number {
  const [, digits, prefix = ''] = bitRatePattern.exec(text) ?? [];
  const bitsPerSecond = Number(digits) * (unitBits[prefix] ?? Number.NaN);
  if (!Number.isSafeInteger(bitsPerSecond)) throw new RangeError('no bit rate of at most 2^53 - 1 bits per second');
  return bitsPerSecond;
}
