import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../real/support/temporary-directory.ts';
import { childAtLast, endAtLast, endingAll } from './ending.ts';

const forever = 'setInterval(() => {}, 1_000);';

function startForever(script = forever): ChildProcess {
  const child = spawn(process.execPath, ['-e', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  childAtLast(child);
  return child;
}

const isKilled = async (child: ChildProcess): Promise<boolean> => {
  if (child.signalCode === null) await once(child, 'exit');
  return child.signalCode === 'SIGKILL';
};

describe('what a test leaves', () => {
  const left: ChildProcess[] = [];
  let folder = '';

  test('runs as long as the test does', () => {
    left.push(startForever());
    folder = temporaryDirectory('ending').path;
    expect(existsSync(folder)).toBe(true);
    expect(left[0]?.signalCode).toBeNull();
  });

  test('is gone before the next', async () => {
    expect(existsSync(folder)).toBe(false);
    expect(await isKilled(left[0]!)).toBe(true);
  });
});

test('a child takes its own children with it', async () => {
  const { stdout } = await new Promise<ChildProcess>((resolve, reject) => {
    const grandchild = `require('node:child_process').spawn(process.execPath, ['-e', '${forever}'], { stdio: 'inherit' })`;
    endingAll(async () => {
      const child = startForever(`${grandchild}.once('spawn', () => console.log('both')); ${forever}`);
      await once(child.stdout!, 'data');
      resolve(child);
    }).catch(reject);
  });
  // It ends when the last of those that hold it has gone.
  await once(stdout!, 'end');
  expect(stdout!.readableEnded).toBe(true);
});

test('of two that run side by side, each has its own', async () => {
  const ended: string[] = [];
  let letGo = (): void => {};
  const oneGoes = new Promise<void>((resolve) => (letGo = resolve));
  const other = endingAll(async () => {
    await Promise.resolve();
    endAtLast('of the other', () => ended.push('other'));
    await oneGoes;
  });
  const left = await endingAll(async () => {
    await Promise.resolve();
    endAtLast('of the one', () => ended.push('one'));
    endAtLast('ended before', () => ended.push('never'))();
  });
  expect([left, ended]).toEqual([['of the one'], ['one']]);
  letGo();
  expect([await other, ended]).toEqual([['of the other'], ['one', 'other']]);
});

test('a run that fails is cleared, too', async () => {
  const ended: string[] = [];
  const run = endingAll(async () => {
    endAtLast('a folder', () => ended.push('folder'));
    throw new Error('in the middle');
  });
  await expect(run).rejects.toThrow('in the middle');
  expect(ended).toEqual(['folder']);
});
