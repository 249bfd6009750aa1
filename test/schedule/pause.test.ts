import { expect, test } from 'vitest';
import { PauseSwitch } from '../../src/schedule/pause.ts';
import { createFakeClock } from '../support/fake-clock.ts';

function setup() {
  const clock = createFakeClock();
  const told: string[] = [];
  const pause = new PauseSwitch(clock, () => new Date(clock.nowMs()));
  pause.onChange((state, by) => told.push(`${state === undefined ? 'resumed' : 'paused'} by ${by}`));
  return { clock, told, pause };
}

test('stays paused until somebody resumes; resuming twice changes nothing', async () => {
  const { clock, told, pause } = setup();
  expect(pause.state()).toBeUndefined();
  expect(pause.pause('request')).toEqual({ since: new Date(1_000) });
  await clock.advance(1e9);
  expect(pause.state()).toEqual({ since: new Date(1_000) });
  pause.resume('signal');
  pause.resume('signal');
  expect(pause.state()).toBeUndefined();
  expect(told).toEqual(['paused by request', 'resumed by signal']);
});

test('with a time it resumes by itself; a later call only moves the end', async () => {
  const { clock, told, pause } = setup();
  pause.pause('request', 5_000);
  await clock.advance(3_000);
  expect(pause.pause('request', 5_000)).toEqual({ since: new Date(1_000), until: new Date(9_000) });
  await clock.advance(4_999);
  expect(pause.state()).toBeDefined();
  await clock.advance(1);
  expect(pause.state()).toBeUndefined();
  expect(told).toEqual(['paused by request', 'paused by request', 'resumed by time']);
  expect(clock.pendingTimers).toBe(0);
});

test('resumed early, or made endless, the time that was asked for means nothing any more', async () => {
  const { clock, pause } = setup();
  pause.pause('request', 5_000);
  pause.resume('request');
  pause.pause('signal');
  await clock.advance(60_000);
  expect(pause.state()).toEqual({ since: new Date(1_000) });
});

test('by itself it knows the time', () => {
  expect(new PauseSwitch().pause('signal')).toEqual({ since: expect.any(Date) as Date });
});

test('a pause without an end sets no timer', () => {
  const { clock, pause } = setup();
  pause.pause('request');
  expect(clock.pendingTimers).toBe(0);
});
