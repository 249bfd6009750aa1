import { getRounds, hashSync } from 'bcryptjs';
import { expect, test } from 'vitest';
import { PasswordCheck } from '../../src/server/password-check.ts';

const users = new Map([['alice', hashSync('right', 7)]]);

/** A check whose comparisons are seen, and take no time. */
function seenCheck() {
  const compared: string[] = [];
  const check = new PasswordCheck(() => ({
    compare: async (password, hash) => {
      compared.push(hash);
      return password === 'right';
    },
    close: async () => {},
  }));
  return { check, compared };
}

test('a right login stays known, however many wrong ones come in between', async () => {
  const { check, compared } = seenCheck();
  expect(await check.verify(users, 'alice', 'right')).toBe(true);
  for (let index = 0; index < 500; index += 1) expect(await check.verify(users, 'alice', `wrong${index}`)).toBe(false);

  expect(await check.verify(users, 'alice', 'right')).toBe(true);
  expect(compared).toHaveLength(501);
});

test('a wrong login is known for a while, and forgotten after a hundred others', async () => {
  const { check, compared } = seenCheck();
  const ask = (password: string): Promise<boolean> => check.verify(users, 'alice', password);
  await ask('wrong');
  await ask('wrong');
  expect(compared).toHaveLength(1);
  for (let index = 0; index < 100; index += 1) await ask(`other${index}`);
  await ask('wrong');
  expect(compared).toHaveLength(102);
});

test('an unknown user costs as many rounds as a known one, and is never let in', async () => {
  const { check, compared } = seenCheck();
  expect(await check.verify(users, 'mallory', 'right')).toBe(false);
  await check.verify(users, 'alice', 'wrong');
  expect(compared.map(getRounds)).toEqual([7, 7]);
});

test('the hash of nobody is one that bcrypt can compare with', async () => {
  const check = new PasswordCheck();
  expect(await check.verify(users, 'mallory', 'right')).toBe(false);
  expect(await check.verify(users, 'alice', 'right')).toBe(true);
  await check.close();
});
