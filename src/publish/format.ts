/** `1.5 MiB`, `512 B`: IEC units, three digits at most. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${units[unit] ?? ''}`;
}

/** `118 MiB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** `4.2 ms`, `1.5 s`, `2 m 5 s`, `3 h 12 m`, `5 d 2 h`: two units at most. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) {
    return `${ms < 10 ? threeDigits(ms, 1) : Math.round(ms)} ms`;
  }
  if (ms < 59_950) {
    return `${threeDigits(ms / 1000)} s`;
  }
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) {
    return join(Math.floor(seconds / 60), 'm', seconds % 60, 's');
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) {
    return join(Math.floor(minutes / 60), 'h', minutes % 60, 'm');
  }
  const hours = Math.round(minutes / 60);
  return join(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** `just now`, `5 s ago`, `2 m 5 s ago`. */
export function formatAge(ms: number): string {
  return ms < 1000 ? 'just now' : `${formatDuration(Math.floor(ms / 1000) * 1000)} ago`;
}

/** `2026-11-24 01:02:03 UTC`. */
export function formatTime(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function join(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}

function threeDigits(value: number, decimals = value < 10 ? 2 : value < 100 ? 1 : 0): string {
  return String(Number(value.toFixed(decimals)));
}
