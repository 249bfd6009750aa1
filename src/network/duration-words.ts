/**
 * `4.2 ms`, `1.5 s`, `2 m 5 s`, `3 h 12 m`, `5 d 2 h`: two units at most. The one way to write a duration in messages,
 * pages, reports and sentences; what the configuration says is written as it is there (config/duration.ts).
 */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${ms < 10 ? threeDigits(ms, 1) : Math.round(ms)} ms`;
  if (ms < 59_950) return `${threeDigits(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return join(Math.floor(seconds / 60), 'm', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return join(Math.floor(minutes / 60), 'h', minutes % 60, 'm');
  const hours = Math.round(minutes / 60);
  return join(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function join(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}

function threeDigits(value: number, decimals = value < 10 ? 2 : 1): string {
  return String(Number(value.toFixed(decimals)));
}
