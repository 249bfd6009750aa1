/** Multipliers of the size units. IEC (`MiB` = 2^20) and SI (`MB` = 10^6) are different things: limits in the field come in both. */
const unitBytes: Readonly<Record<string, bigint>> = {
  B: 1n,
  kB: 10n ** 3n,
  MB: 10n ** 6n,
  GB: 10n ** 9n,
  TB: 10n ** 12n,
  KiB: 2n ** 10n,
  MiB: 2n ** 20n,
  GiB: 2n ** 30n,
  TiB: 2n ** 40n,
};

export const sizePattern = /^(?:0|(\d{1,16})(?:\.(\d{1,12}))?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB))$/;

/**
 * Reads a size as written in the configuration: `150MiB`, `100MB`, `1.5GiB`, `512B`, `0`.
 * @returns bytes. A fraction is accepted when it gives whole bytes (`1.5KiB`, not `0.1KiB`).
 * @throws RangeError when the text is not such a size, or is more than 2^53 − 1 bytes.
 */
export function parseSize(text: string): number {
  if (text === '0') return 0;
  const [, whole = '', fraction = '', unit = ''] = sizePattern.exec(text) ?? [];
  const factor = unitBytes[unit];
  if (factor === undefined) throw new RangeError('not a size');
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * factor;
  if (scaled % scale !== 0n) throw new RangeError('not a whole number of bytes');
  const bytes = Number(scaled / scale);
  if (!Number.isSafeInteger(bytes)) throw new RangeError('more than 2^53 - 1 bytes');
  return bytes;
}

/** Writes bytes in the largest unit that gives a whole number, so that `parseSize` reads back the same: `150MiB`, `100MB`, `1025B`. */
export function formatSize(bytes: number): string {
  const exact = BigInt(bytes);
  if (exact === 0n) return '0';
  const units = Object.entries(unitBytes).sort(([, a], [, b]) => (a < b ? 1 : -1));
  const [unit, factor] = units.find(([, factor]) => exact % factor === 0n) ?? ['B', 1n];
  return `${exact / factor}${unit}`;
}
