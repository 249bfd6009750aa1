import { describe, expect, test } from 'vitest';
import { ProgressView } from '../../src/cli/progress.ts';
import type { Progress } from '../../src/probe/outcome.ts';

const MiB = 1_048_576;

function setup(isTerminal: boolean, columns?: number) {
  let written = '';
  let now = 0;
  const view = new ProgressView({ write: (text) => (written += text), isTerminal, columns, nowMs: () => now });
  const take = (): string => {
    const text = written;
    written = '';
    return text;
  };
  return { view, take, passMs: (ms: number) => (now += ms) };
}

function sent(sentBytes: number, changes: Partial<Progress> = {}): Progress {
  return { phase: 'send', blob: 'blob', attempt: 1, maxAttempts: 5, sentBytes, totalBytes: 10 * MiB, ...changes };
}

describe('on a terminal', () => {
  test('bytes, rate, time left, attempt and phase, over the same line', () => {
    const { view, take, passMs } = setup(true);
    view.begin('large');
    passMs(1_000);
    view.update(sent(1 * MiB));
    expect(take()).toBe('\r\u001B[Klarge  [##------------------]  1 MiB / 10 MiB  attempt 1/5  send');
    passMs(2_000);
    view.update(sent(5 * MiB));
    expect(take()).toBe('\r\u001B[Klarge  [########-------]  5 MiB / 10 MiB  2 MiB/s  ETA 2.5 s  attempt 1/5  send');
    view.end();
    expect(take()).toBe('\r\u001B[K');
    view.end();
    expect(take()).toBe('');
  });

  test('a long label gives way to the numbers', () => {
    const { view, take } = setup(true);
    view.begin('docker-containerd, 100 MiB over ingress-nginx-default-of-the-second-cluster');
    view.update(sent(1 * MiB, { phase: 'commit' }));
    const line = take().slice(4);
    expect(line).toMatch(/^docker-containerd, 100 MiB .*…  \[#----\]  1 MiB \/ 10 MiB  attempt 1\/5  commit$/);
    expect(line).toHaveLength(79);
  });

  test('not more than ten times a second, and never wider than the terminal', () => {
    const { view, take, passMs } = setup(true, 30);
    view.begin('large');
    view.update(sent(0));
    expect(take()).toHaveLength(4 + 29);
    passMs(99);
    view.update(sent(1));
    expect(take()).toBe('');
    passMs(1);
    view.update(sent(2));
    expect(take()).not.toBe('');
  });

  test('the wait before an attempt, and the rate of that attempt alone', () => {
    const { view, take, passMs } = setup(true, 200);
    view.begin('large');
    view.update(sent(8 * MiB));
    passMs(10_000);
    view.update(sent(0, { attempt: 2, phase: 'start', waitingMs: 5_000 }));
    expect(take()).toContain('attempt 2/5  waiting 5 s');
    passMs(5_000);
    view.update(sent(1 * MiB, { attempt: 2 }));
    passMs(1_000);
    view.update(sent(4 * MiB, { attempt: 2 }));
    expect(take()).toMatch(/ {2}3 MiB\/s {2}ETA 2 s {2}attempt 2\/5 {2}send$/);
  });

  test('the layers of an image together', () => {
    const { view, take, passMs } = setup(true, 200);
    view.begin('image');
    view.update(sent(1 * MiB, { blob: 'layer1' }));
    passMs(100);
    view.update(sent(2 * MiB, { blob: 'layer2' }));
    expect(take()).toContain('3 MiB / 20 MiB');
  });

  test('a line that stays takes the place of the bar', () => {
    const { view, take } = setup(true);
    view.begin('large');
    view.update(sent(0));
    take();
    view.line('done');
    expect(take()).toBe('\r\u001B[Kdone\n');
  });
});

test('elsewhere: a line when something begins, nothing while it goes on', () => {
  const { view, take, passMs } = setup(false);
  view.begin('large');
  passMs(1_000);
  view.update(sent(1));
  view.line('done');
  view.end();
  expect(take()).toBe('large\ndone\n');
});
