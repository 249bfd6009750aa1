// How each hop writes sizes and times. All give bytes or milliseconds, Infinity for what is switched off, undefined for what it would not take.

const kibi = 1024;
const binary: Readonly<Record<string, number>> = { '': 1, b: 1, k: kibi, m: kibi ** 2, g: kibi ** 3 };

/** nginx's `client_max_body_size`: `8m`, `1024`, `0` for no limit (ingress-nginx takes `b`, too). */
export function nginxSize(value: unknown): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,15})([bkmg]?)$/i.exec(textOf(value) ?? '') ?? [];
  return digits === undefined ? undefined : offAtZero(Number(digits) * (binary[unit.toLowerCase()] ?? 1));
}

const nginxTimes: Readonly<Record<string, number>> = { ms: 1, '': 1e3, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 };

/** nginx's times: `60`, `60s`, `1m 30s`. */
export function nginxTime(value: unknown): number | undefined {
  const text = textOf(value) ?? '';
  if (!/^(?:\d{1,9}(?:ms|[smhd])?\s*)+$/.test(text)) return undefined;
  return sum(text.matchAll(/(\d+)(ms|[smhd])?/g), nginxTimes);
}

/** Whole seconds without a unit, as annotations of ingress-nginx have them. */
export function seconds(value: unknown): number | undefined {
  return /^\d{1,9}$/.test(textOf(value) ?? '') ? Number(textOf(value)) * 1e3 : undefined;
}

/** Whole minutes without a unit. */
export function minutes(value: unknown): number | undefined {
  const parsed = seconds(value);
  return parsed === undefined ? undefined : parsed * 60;
}

const gatewayTimes: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3 };

/** The Gateway API's durations (GEP-2257): `10s`, `1h30m`; `0s` switches off. */
export function gatewayTime(value: unknown): number | undefined {
  const text = textOf(value) ?? '';
  if (!/^(?:\d{1,5}(?:h|ms|m|s)){1,4}$/.test(text)) return undefined;
  return offAtZero(sum(text.matchAll(/(\d+)(ms|[hms])/g), gatewayTimes));
}

const quantities: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: kibi,
  Mi: kibi ** 2,
  Gi: kibi ** 3,
  Ti: kibi ** 4,
};

/** Kubernetes' quantities: `10Mi`, `1.5G`, `1000`. */
export function quantity(value: unknown): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,15}(?:\.\d{1,9})?)([kMGT]|[KMGT]i)?$/.exec(textOf(value) ?? '') ?? [];
  return digits === undefined ? undefined : Math.floor(Number(digits) * (quantities[unit] ?? 1));
}

/** A number of bytes; 0 is no limit. */
export function bytes(value: unknown): number | undefined {
  return /^\d{1,15}$/.test(textOf(value) ?? '') ? offAtZero(Number(textOf(value))) : undefined;
}

/** `on` is 1, `off` 0. */
export function onOff(value: unknown): number | undefined {
  return { on: 1, off: 0 }[(textOf(value) ?? '').toLowerCase()];
}

/** 1: the section is there at all. */
export function isThere(): number {
  return 1;
}

/** A string or number as it is written; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : undefined;
}

function offAtZero(value: number): number {
  return value === 0 ? Infinity : value;
}

function sum(parts: Iterable<RegExpMatchArray>, units: Readonly<Record<string, number>>): number {
  let total = 0;
  for (const [, digits, unit = ''] of parts) total += Number(digits) * (units[unit] ?? 0);
  return total;
}
