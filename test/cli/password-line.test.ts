import { expect, test } from 'vitest';
import { UsageError } from '../../src/cli/flags.ts';
import { passwordLine } from '../../src/cli/password-line.ts';

test('a password is one line, whose end is no part of it', () => {
  expect(passwordLine(' with blanks \r\n', 'the file')).toBe(' with blanks ');
  expect(() => passwordLine('\n', 'the file')).toThrow(new UsageError('the file is empty'));
});
