import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoConfig } from '../../src/cli/demo-config.ts';
import { type DemoLab, startLab } from '../../src/lab/lab.ts';
import { planRounds } from '../../src/probe/compare/round.ts';
import { Schedule } from '../../src/schedule/schedule.ts';
import { TransferLimit } from '../../src/schedule/transfer-limit.ts';
import { createFakeClock } from '../support/fake-clock.ts';

let lab: DemoLab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

test("the demo's password is no word of its addresses: else the pages would hide a part of each", () => {
  const { registry, paths } = lab;
  const addresses = [registry.name, registry.repository, registry.username, ...paths.map(({ name }) => name)].join('/');
  expect(registry.password).toMatch(/^[A-Za-z0-9]{12,}$/);
  expect(addresses.toLowerCase()).not.toContain(registry.password.toLowerCase());
});

test('after a minute every check of the demonstration has run, even if each push takes a second', async () => {
  const { checks, budget } = demoConfig(lab, { env: {} });
  const rounds = planRounds(checks);
  const clock = createFakeClock();
  const ran = new Set<string>();
  const tasks = rounds.map((round) => ({
    id: round.id,
    intervalMs: round.checks[0].intervalMs,
    timeoutMs: 60_000,
    run: (): Promise<void> =>
      new Promise((resolve) => {
        clock.setTimer(1_000 * round.checks.length, () => {
          ran.add(round.id);
          resolve();
        });
      }),
  }));
  const observer = { started: () => {}, skipped: () => {}, misbehaved: () => {} };
  const schedule = new Schedule({ tasks, observer, clock, limit: new TransferLimit(budget.transfers) });
  await clock.advance(60_000);
  expect([...ran].sort()).toEqual(rounds.map(({ id }) => id).sort());
  const ended = schedule.stop(60_000);
  await clock.advance(60_000);
  await ended;
});
