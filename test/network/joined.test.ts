import { expect, test } from 'vitest';
import { joined } from '../../src/network/joined.ts';

test('pieces are joined in their order, and most are written where the last were', () => {
  let whole: Buffer = Buffer.alloc(0);
  let moves = 0;
  for (let byte = 0; byte < 1000; byte += 1) {
    const next = joined(whole, Buffer.from([byte % 256]));
    if (next.buffer !== whole.buffer) moves += 1;
    whole = next;
  }
  expect([...whole]).toEqual(Array.from({ length: 1000 }, (_, byte) => byte % 256));
  // Each move doubles the room: 2, 6, 14 … bytes.
  expect(moves).toBe(9);
});

test('the end of what was joined is joined as well, and what came stays with who sent it', () => {
  const chunk = Buffer.from('abc');
  const whole = joined(Buffer.alloc(0), chunk);
  chunk.fill('x');
  expect(joined(whole.subarray(1), Buffer.from('def')).toString()).toBe('bcdef');
  expect(joined(whole.subarray(3), Buffer.from('d')).toString()).toBe('d');
  expect(joined(Buffer.alloc(0), Buffer.alloc(0)).toString()).toBe('');
});
