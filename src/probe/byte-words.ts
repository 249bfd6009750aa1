const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1.5 MiB`, `512 B`: IEC units, three digits at most. The one unit of bytes in pages, reports and sentences. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const decimals = unit === 0 || value >= 100 ? 0 : value < 10 ? 2 : 1;
  return `${Number(value.toFixed(decimals))} ${units[unit] ?? ''}`;
}
