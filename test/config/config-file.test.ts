import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfigFile } from '../../src/config/config-file.ts';

let file = '';
beforeAll(() => {
  file = join(mkdtempSync(join(tmpdir(), 'blobprobe-config-')), 'c.yaml');
});
afterAll(() => rmSync(join(file, '..'), { recursive: true }));

/** What is read of a file with these bytes, or what is said of it. */
function read(bytes: Uint8Array): string {
  writeFileSync(file, bytes);
  try {
    return readConfigFile(file);
  } catch (error) {
    return (error as Error).message.replace(file, 'c.yaml');
  }
}

test('a file is UTF-8, of any language', () => {
  expect(read(Buffer.from('a: "pässwörd 密码 🔑 \ufffd"\n'))).toBe('a: "pässwörd 密码 🔑 \ufffd"\n');
  expect(read(Buffer.alloc(0))).toBe('');
});

test.each<[string, Buffer, place: string]>([
  ['Latin-1', Buffer.from('registries:\n  gitea: ü\n', 'latin1'), '2:10'],
  ['UTF-8 that ends within a character', Buffer.from('a: ü').subarray(0, 4), '1:4'],
  ['UTF-16 of another script, with a mark', Buffer.from([0xff, 0xfe, 0xc6, 0x5b]), '1:1'],
])('what is no UTF-8 is refused where it begins: %s', (_name, bytes, place) => {
  expect(read(bytes)).toBe(`c.yaml:${place}: expected UTF-8 text, got another encoding: save the file as UTF-8`);
});

test.each<[string, Buffer]>([
  ['with a mark', Buffer.from('\ufeffa: ü\n', 'utf16le')],
  ['without one', Buffer.from('a: b\n', 'utf16le')],
  ['with the other byte first', Buffer.from('a: b\n', 'utf16le').swap16()],
  ['after much of another script', Buffer.from(`${'码'.repeat(99)}\n`, 'utf16le')],
])('UTF-16 is named: %s', (_name, bytes) => {
  expect(read(bytes)).toBe('c.yaml: expected UTF-8 text, got UTF-16: save the file as UTF-8');
});

test('a folder is no file', () => {
  expect(() => readConfigFile(tmpdir())).toThrow(`${tmpdir()}: expected a readable file, got none (EISDIR)`);
});
