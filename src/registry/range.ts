/** Inclusive byte range of an upload, as the answer to a PATCH or a status request states it. */
interface UploadRange {
  readonly start: number;
  readonly end: number;
}

export type RangeReading =
  | { readonly kind: 'absent' }
  /** `0--1`: what Gitea up to 1.24.0 and zot say of an empty upload (opencontainers/distribution-spec#578). */
  | { readonly kind: 'empty' }
  | { readonly kind: 'unparsable'; readonly value: string }
  | { readonly kind: 'range'; readonly range: UploadRange };

/** Reads the `Range` header of an upload answer. It has no `bytes=` and no total, unlike RFC 9110's; some proxies add the former. */
export function readUploadRange(value: string | undefined): RangeReading {
  if (value === undefined || value.trim() === '') return { kind: 'absent' };
  const match = /^(?:bytes=)?(\d{1,15})-(-?\d{1,15})$/.exec(value.trim());
  const start = Number(match?.[1]);
  const end = Number(match?.[2]);
  if (match === null) return { kind: 'unparsable', value };
  if (end === start - 1) return { kind: 'empty' };
  return end < start ? { kind: 'unparsable', value } : { kind: 'range', range: { start, end } };
}

/**
 * Bytes of the blob that the registry says it holds, after `sentBytes` were sent; undefined when it does not say.
 * distribution answers `0-0` for an empty and for a one-byte upload, so with more than one byte sent it means nothing arrived.
 */
export function acknowledgedBytes(reading: RangeReading, sentBytes: number): number | undefined {
  if (reading.kind !== 'range') return reading.kind === 'empty' ? 0 : undefined;
  return reading.range.end === 0 && sentBytes !== 1 ? 0 : reading.range.end + 1;
}
