import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../real/support/temporary-directory.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { root } from './compose-file.ts';

const unit = join(root, 'deploy/systemd/blobprobe.service');

function analyze(...args: string[]): { status: number | null; stderr: string; stdout: string } {
  return spawnSync(requireComponent('systemd-analyze'), args, { encoding: 'utf8' });
}

describeWithComponents(['systemd-analyze'], 'the systemd unit', () => {
  test('is understood without a complaint', () => {
    expect(analyze('verify', unit)).toMatchObject({ status: 0, stderr: '' });
  });

  test('verify would complain', () => {
    const directory = temporaryDirectory('unit');
    try {
      const wrong = join(directory.path, 'wrong.service');
      writeFileSync(wrong, readFileSync(unit, 'utf8').replace('DynamicUser=', 'DynamikUser='));
      chmodSync(wrong, 0o644);
      expect(analyze('verify', wrong).stderr).toContain('DynamikUser');
    } finally {
      directory.remove();
    }
  });

  test('leaves an attacker little: exposure of at most 2 of 10', () => {
    const { status, stdout } = analyze('security', '--offline=true', '--threshold=20', unit);
    expect(stdout).toContain('Overall exposure level');
    expect(status).toBe(0);
  });
});
