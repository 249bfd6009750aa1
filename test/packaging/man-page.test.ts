import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCommands } from '../../src/cli/commands.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { manPage } from '../support/man-page.ts';
import { root } from './compose-file.ts';

const backspace = '\b';
const commands = createCommands();
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { man: string };
const file = join(root, manifest.man);

test('the manual page is made of the tables of commands and flags', () => {
  const page = manPage(commands);
  if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(file, page);
  expect(readFileSync(file, 'utf8')).toBe(page);
});

describeWithComponents(['mandoc'], 'the manual page', () => {
  test('has nothing that mandoc complains about, and shows every command and flag', () => {
    const mandoc = requireComponent('mandoc');
    // -W style complains that the date is missing, which would make the page another at each release.
    const lint = spawnSync(mandoc, ['-T', 'lint', '-W', 'warning', file], { encoding: 'utf8' });
    expect(lint.stdout.replaceAll(/^.*missing date.*\n/gm, '')).toBe('');
    const { stdout } = spawnSync(mandoc, ['-T', 'utf8', '-O', 'width=1000', file], { encoding: 'utf8' });
    // Bold is a character, a backspace and the character again.
    const shown = stdout.replaceAll(new RegExp(`.${backspace}`, 'g'), '');
    for (const { name, flags } of commands) {
      expect(shown).toContain(`blobprobe ${name} [flags]`);
      for (const flag of Object.keys(flags)) expect(shown).toContain(`--${flag}`);
    }
  });
});
