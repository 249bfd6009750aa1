import { expect, test } from 'vitest';
import { byteCodes } from '../../../src/network/secrets/byte-codes.ts';
import { spellings } from '../../support/spellings.ts';

const said = 'user:p4ss, or';

/** What the codes make of a text, each of its matches, without the codes that make nothing of it. */
function read(text: string): (string | undefined)[] {
  return byteCodes.flatMap(({ pattern, read }) => (text.match(pattern) ?? []).map((match) => read(match)));
}

test.each([
  ['base64', spellings.base64(said)],
  ['base64 for URLs', spellings['base64 for URLs'](`${said}>>>???`)],
  ['base64 in lines', spellings['base64 in short lines'](said)],
  ['base32', spellings.base32(said)],
  ['base32 in lines', spellings.base32(said).replaceAll(/.{5}/g, '$&\r\n')],
  ['base32 of whole bytes alone', spellings.base32('user:p4ss, or s')],
  ['hexadecimal digits', spellings.hexadecimal(said)],
  ['hexadecimal digits, apart', spellings['hexadecimal, byte by byte'](said)],
  ['hexadecimal digits with colons', spellings['hexadecimal, byte by byte'](said).replaceAll(' ', ':')],
  ['hexadecimal digits over lines', spellings['hexadecimal, byte by byte'](said).replaceAll(' ', ',\r\n ')],
  ['bytes of Go', spellings['bytes of Go'](said)],
  ['a buffer of Node', spellings['a buffer of Node'](said)],
  ['a buffer of Node over lines', spellings['a buffer of Node'](said).replaceAll(',', ',\n  ')],
])('%s is read', (_name, text) => {
  expect(read(text)).toContainEqual(expect.stringContaining(said));
});

test('of base32 nothing else is read', () => {
  expect(read(spellings.base32(said))).toContain(said);
  expect(read(spellings.base32('userüp4ss'))).toContain('userüp4ss');
});

test('what has no text of eight characters in it stands for nothing', () => {
  expect(read(spellings.hexadecimal('secrets\0'))).toEqual(
    expect.not.arrayContaining([expect.stringContaining('secrets')]),
  );
  expect(read(spellings.hexadecimal('secrets.'))).toContain('secrets.');
});
