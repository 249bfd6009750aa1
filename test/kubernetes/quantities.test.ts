import { describe, expect, test } from 'vitest';
import {
  bytes,
  gatewayTime,
  minutes,
  nginxSize,
  nginxTime,
  onOff,
  quantity,
  seconds,
} from '../../src/kubernetes/quantities.ts';

const mebi = 1024 ** 2;

describe.each<[(value: unknown) => number | undefined, [unknown, number | undefined][]]>([
  [
    nginxSize,
    [
      ['8m', 8 * mebi],
      ['8M', 8 * mebi],
      ['1024', 1024],
      ['2g', 2048 * mebi],
      ['512k', 512 * 1024],
      ['0', Infinity],
      ['10 GB', undefined],
      ['8MiB', undefined],
      ['unlimited', undefined],
      ['-1', undefined],
      ['', undefined],
      [undefined, undefined],
    ],
  ],
  [
    nginxTime,
    [
      ['60', 60_000],
      ['60s', 60_000],
      ['1m 30s', 90_000],
      ['500ms', 500],
      ['1d', 86_400_000],
      ['60 sec', undefined],
    ],
  ],
  [
    seconds,
    [
      ['900', 900_000],
      ['900s', undefined],
      ['1.5', undefined],
    ],
  ],
  [
    minutes,
    [
      ['4', 240_000],
      ['four', undefined],
    ],
  ],
  [
    gatewayTime,
    [
      ['10s', 10_000],
      ['1h30m', 5_400_000],
      ['100ms', 100],
      ['0s', Infinity],
      ['10', undefined],
      ['1.5h', undefined],
    ],
  ],
  [
    quantity,
    [
      ['10Mi', 10 * mebi],
      ['1.5G', 1_500_000_000],
      [1000, 1000],
      ['10MB', undefined],
    ],
  ],
  [
    bytes,
    [
      [2_000_000, 2_000_000],
      ['0', Infinity],
      ['2M', undefined],
    ],
  ],
  [
    onOff,
    [
      ['on', 1],
      ['off', 0],
      ['no', undefined],
    ],
  ],
])('%o', (parse, cases) => {
  test.each(cases)('%j', (text, expected) => {
    expect(parse(text)).toBe(expected);
  });
});
