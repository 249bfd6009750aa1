import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitRatePattern, parseBitRate } from '../../../src/config/bit-rate.ts';
import { durationPattern, prometheusDuration, parseDuration } from '../../../src/config/duration.ts';
import { formatSize, parseSize, sizePattern } from '../../../src/config/size.ts';

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['1B', 1],
    ['512B', 512],
    ['1kB', 1000],
    ['1KiB', 1024],
    ['100MB', 100_000_000],
    ['150MiB', 157_286_400],
    ['1GiB', 1_073_741_824],
    ['1GB', 1_000_000_000],
    ['2TiB', 2_199_023_255_552],
    ['1.5KiB', 1536],
    ['0.5GB', 500_000_000],
    ['1.000B', 1],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each([
    '',
    '1',
    '150 Megs',
    '150 MiB',
    ' 1MiB',
    '1MiB ',
    '-1MiB',
    '+1MiB',
    '1e3B',
    '1Mib',
    '1mb',
    '1KB',
    '1K',
    '1M',
    '1MiB\n',
    '.5MiB',
    '5.MiB',
    '0.1KiB',
    '1.5B',
    '0x10B',
    '9007199254740992B',
    '9999999TiB',
    '１MiB',
    'MiB',
    '1,5MiB',
    'NaN',
    'Infinity',
  ])('%j is no size', (text) => {
    expect(() => parseSize(text)).toThrow(RangeError);
  });

  it('reads back what it writes, whatever the number', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.maxSafeNat(),
          fc.nat(5000).map((n) => n * 2 ** 20),
          fc.nat(5000).map((n) => n * 1e6),
        ),
        (bytes) => {
          expect(parseSize(formatSize(bytes))).toBe(bytes);
        },
      ),
    );
    expect([0, 2e9, 1e12, 1536, 1024, 1000, 157_286_400, 100_000_000, 1025].map(formatSize)).toEqual([
      '0',
      '2GB',
      '1TB',
      '1536B',
      '1KiB',
      '1kB',
      '150MiB',
      '100MB',
      '1025B',
    ]);
  });

  it('either gives whole bytes or throws RangeError, and keeps to its pattern', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{0,18}(\.\d{0,14})?[kKMGT]?i?B?$/)), (text) => {
        const bytes = attempt(() => parseSize(text));
        if (bytes === undefined) return;
        expect(Number.isSafeInteger(bytes) && bytes >= 0 && sizePattern.test(text)).toBe(true);
      }),
    );
  });
});

describe('durations', () => {
  it.each([
    ['0', 0],
    ['500ms', 500],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['1w', 604_800_000],
    ['1y', 31_536_000_000],
    ['1y2w3d4h5m6s7ms', 33_019_506_007],
    ['90m', 5_400_000],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    '1',
    '5 minutes',
    '30m1h',
    '1h1h',
    '-5m',
    '1.5h',
    '1H',
    ' 1h',
    '1h ',
    '1h\n',
    'h',
    '1e3s',
    '99999999999999999y',
    `${'9'.repeat(400)}s`,
  ])('%j is no duration', (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError);
  });

  it('reads back what it writes, whatever the number', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (ms) => {
        expect(parseDuration(prometheusDuration(ms))).toBe(ms);
      }),
    );
    expect([0, 500, 5_400_000, 604_800_000, 86_399_999].map(prometheusDuration)).toEqual([
      '0',
      '500ms',
      '1h30m',
      '7d',
      '23h59m59s999ms',
    ]);
  });

  it('either gives whole milliseconds or throws RangeError, and keeps to its pattern', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^(\d{0,3}(y|w|d|h|m|s|ms)){0,4}$/)), (text) => {
        const ms = attempt(() => parseDuration(text));
        if (ms === undefined) return;
        expect(Number.isSafeInteger(ms) && ms >= 0 && durationPattern.test(text)).toBe(true);
      }),
    );
  });
});

describe('bit rates', () => {
  it.each([
    ['1bit/s', 1],
    ['64kbit/s', 64_000],
    ['200Mbit/s', 200_000_000],
    ['1Gbit/s', 1_000_000_000],
    ['2Tbit/s', 2_000_000_000_000],
  ])('%s is %d bits per second', (text, bitsPerSecond) => {
    expect(parseBitRate(text)).toBe(bitsPerSecond);
  });

  it.each([
    '',
    '200',
    '200Mbit',
    '200Mb/s',
    '200MB/s',
    '25MiB/s',
    '200 Mbit/s',
    '-1bit/s',
    '1.5Gbit/s',
    '200mbit/s',
    '1Kbit/s',
    '200Mbit/s\n',
    '999999999999999Tbit/s',
  ])('%j is no bit rate', (text) => {
    expect(() => parseBitRate(text)).toThrow(new RangeError('no bit rate of at most 2^53 - 1 bits per second'));
  });

  it('either gives whole bits per second or throws RangeError, and keeps to its pattern', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{0,17}[kKMGT]?bit\/s$/)), (text) => {
        const rate = attempt(() => parseBitRate(text));
        if (rate === undefined) return;
        expect(Number.isSafeInteger(rate) && rate >= 0 && bitRatePattern.test(text)).toBe(true);
      }),
    );
  });
});

/** Undefined after a RangeError; anything else that is thrown fails the test. */
function attempt(parse: () => number): number | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
