import { describe, expect, test } from 'vitest';
import { tarEntries } from '../../../src/registry/image/tar-reader.ts';

interface Made {
  readonly name?: string;
  readonly type?: string;
  readonly body?: string;
  /** The field as it stands in the header; undefined: the length of the body. */
  readonly size?: string | Uint8Array;
  readonly link?: string;
  readonly prefix?: string;
  readonly magic?: string;
  readonly sum?: string;
}

/** A header as tar writes it, and the body after it, padded to whole blocks. */
function entry({
  name = 'n',
  type = '0',
  body = '',
  size,
  link = '',
  prefix = '',
  magic = 'ustar\0',
  sum,
}: Made): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  if (size instanceof Uint8Array) header.set(size, 124);
  else header.write(size ?? `${Buffer.byteLength(body).toString(8).padStart(11, '0')}\0`, 124);
  header.write(type, 156);
  header.write(link, 157);
  header.write(magic, 257);
  header.write(prefix, 345);
  header.fill(' ', 148, 156);
  const total = header.reduce((so, byte) => so + byte, 0);
  header.write(sum ?? `${total.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, Buffer.from(body), Buffer.alloc((512 - (Buffer.byteLength(body) % 512)) % 512)]);
}
const end = Buffer.alloc(1024);
const pax = (...records: readonly string[]): string => records.map(record).join('');

/** The length counts itself. */
function record(text: string): string {
  const rest = Buffer.byteLength(text) + 2;
  const digits = String(rest + String(rest).length).length;
  return `${rest + digits} ${text}\n`;
}

/** Each entry with its body, as text, from a stream in pieces of so many bytes. */
async function read(bytes: Buffer, pieceBytes = 1000, wants = (_name: string): boolean => true) {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const found: unknown[] = [];
  for await (const entry of tarEntries(pieces())) {
    const { name, linkName, isFile, sizeBytes } = entry;
    const chunks: Uint8Array[] = [];
    if (wants(name)) for await (const chunk of entry.body()) chunks.push(Buffer.from(chunk));
    found.push([name, isFile, sizeBytes, Buffer.concat(chunks).toString(), linkName]);
  }
  return found;
}
const messageOf = (bytes: Buffer): Promise<unknown> =>
  read(bytes).catch((error: unknown) => {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  });

describe('entries', () => {
  const archive = Buffer.concat([
    entry({ name: 'a', body: 'x'.repeat(512) }),
    entry({ name: 'folder/', type: '5' }),
    entry({ name: 'b', type: '\0', body: 'y'.repeat(513) }),
    entry({ name: 'c', type: '7', body: 'z' }),
    entry({ name: 'soft', type: '2', link: '../a' }),
    entry({ name: 'hard', type: '1', link: 'b' }),
    entry({ name: 'empty' }),
    end,
  ]);
  const whole = [
    ['a', true, 512, 'x'.repeat(512), undefined],
    ['folder/', false, 0, '', undefined],
    ['b', true, 513, 'y'.repeat(513), undefined],
    ['c', true, 1, 'z', undefined],
    ['soft', false, 0, '', '../a'],
    ['hard', false, 0, '', 'b'],
    ['empty', true, 0, '', undefined],
  ];

  test.each([1, 7, 512, 5000])('come whole from pieces of %d bytes, read or skipped', async (pieceBytes) => {
    expect(await read(archive, pieceBytes)).toEqual(whole);
    expect(await read(archive, pieceBytes, (name) => name === 'b')).toEqual(
      whole.map(([name, isFile, size, body, link]) => [name, isFile, size, name === 'b' ? body : '', link]),
    );
  });

  test('end with a block of zeros, or with the stream', async () => {
    expect(await read(archive.subarray(0, -1024))).toEqual(whole);
    expect(await read(Buffer.concat([end.subarray(0, 512), archive]))).toEqual([]);
    expect(await read(Buffer.alloc(0))).toEqual([]);
  });
});

describe('names', () => {
  test.each<[string, Made, string]>([
    ['without what leads to the root', { name: './a/b' }, 'a/b'],
    ['without slashes before them', { name: '//./a' }, 'a'],
    ['with a dot of their own', { name: '.a' }, '.a'],
    ['after their prefix', { name: 'b', prefix: 'a' }, 'a/b'],
    ['of a hundred bytes', { name: 'n'.repeat(100) }, 'n'.repeat(100)],
    ["without GNU's other fields", { name: 'b', prefix: '12345', magic: 'ustar  ' }, 'b'],
    ['of old tars', { name: 'b', prefix: 'x', magic: '' }, 'b'],
  ])('%s', async (_what, made, name) => {
    expect(await read(Buffer.concat([entry(made), end]))).toEqual([[name, true, 0, '', undefined]]);
  });
});

describe('headers that speak of the next entry', () => {
  const after = (headers: readonly Made[], made: Made) =>
    read(Buffer.concat([...headers.map(entry), entry(made), entry({ name: 'last' }), end]));
  const last = ['last', true, 0, '', undefined];

  test('long names and targets of links, as GNU writes them', async () => {
    const headers = [
      { type: 'L', body: `${'n'.repeat(600)}\0` },
      { type: 'K', body: `${'t'.repeat(200)}\0` },
    ];
    expect(await after(headers, { type: '2', link: 'short' })).toEqual([
      ['n'.repeat(600), false, 0, '', 't'.repeat(200)],
      last,
    ]);
  });

  test('pax records, counted in bytes', async () => {
    const body = pax('comment=ä\n=', 'path=ä/ö', 'linkpath=ü=ü', 'mtime=1.5');
    expect(await after([{ type: 'x', body }], { type: '2', link: 'short' })).toEqual([
      ['ä/ö', false, 0, '', 'ü=ü'],
      last,
    ]);
    const sized = [{ type: 'x', body: pax('size=13', 'mtime=1') }];
    expect(await after(sized, { body: 'abcabcabcabcd', size: '00000000000\0' })).toEqual([
      ['n', true, 13, 'abcabcabcabcd', undefined],
      last,
    ]);
  });

  test.each([
    ['a size that is none', pax('size=3x')],
    ['a size of too many digits', pax('size=1000000000000000')],
    ['a length of nothing', '0 path=x\n'],
    ['a length that is none', 'x path=x\n'],
    ['a record without an end', '9 path=xx\n'],
    ['a record that ends within a line', '13 path=x\nabc'],
    ['a blank before its length', ' 11 path=x\n'],
  ])('pax records with %s say nothing', async (_what, body) => {
    expect(await after([{ type: 'x', body }], { body: 'ab' })).toEqual([['n', true, 2, 'ab', undefined], last]);
  });

  test('global ones change nothing', async () => {
    expect(await after([{ type: 'g', body: pax('path=global', 'size=1') }], { body: 'ab' })).toEqual([
      ['n', true, 2, 'ab', undefined],
      last,
    ]);
  });

  test('up to a mebibyte', async () => {
    const mebibyte = 1024 * 1024;
    expect(await after([{ type: 'L', body: 'n'.repeat(mebibyte) }], {})).toEqual([
      ['n'.repeat(mebibyte), true, 0, '', undefined],
      last,
    ]);
    expect(await messageOf(entry({ type: 'L', body: 'n'.repeat(mebibyte + 1) }))).toBe(
      'ImageError: is a tar archive with a header of absurd length',
    );
  });
});

describe('sizes', () => {
  test.each<[string, Made, number]>([
    ['in octal, with blanks', { size: ' 11 ' }, 9],
    ['of nothing', { size: '' }, 0],
    ['of blanks', { size: ' '.repeat(12) }, 0],
    ['in base 256', { size: Buffer.from('800000000000000000000103', 'hex') }, 259],
  ])('%s', async (_what, made, sizeBytes) => {
    const bytes = Buffer.concat([entry(made), Buffer.alloc(512), end]);
    expect(await read(bytes)).toEqual([['n', true, sizeBytes, '\0'.repeat(sizeBytes), undefined]]);
  });

  test.each<[string, Made]>([
    ['in words', { size: 'much' }],
    ['below nothing', { size: '-1' }],
    ['of more than a number holds', { size: Buffer.from('80ffffffffffffffffffffff', 'hex') }],
  ])('%s are refused', async (_what, made) => {
    expect(await messageOf(entry(made))).toBe('ImageError: is a tar archive with a size that is none');
  });
});

describe('what is no tar', () => {
  const damaged = 'ImageError: is no tar archive, or a damaged one';

  test.each<[string, Buffer, string]>([
    ['a wrong sum', entry({ sum: '000001\0 ' }), damaged],
    ['no sum', entry({ sum: '        ' }), damaged],
    ['half a header', entry({}).subarray(0, 511), damaged],
    ['text', Buffer.from('no tar\n'.repeat(200)), damaged],
    [
      'a body that is cut',
      entry({ body: 'x'.repeat(600) }).subarray(0, 1000),
      'ImageError: is a tar archive that ends too early',
    ],
  ])('%s', async (_what, bytes, message) => {
    expect(await messageOf(bytes)).toBe(message);
  });

  test('padding that is missing at the end is no fault', async () => {
    expect(await read(entry({ body: 'abc' }).subarray(0, 515))).toEqual([['n', true, 3, 'abc', undefined]]);
  });
});
