import { expect, test } from 'vitest';
import { tokenTimes } from '../../../src/probe/judge/token-times.ts';

const jwt = (claims: unknown): string =>
  `Bearer eyJhbGciOiJSUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2lnbmF0dXJl`;

test.each([
  [
    jwt({ sub: 'probe', iat: 1_795_903_200, nbf: 1_795_903_190.5, exp: 1_795_903_500, access: ['secret'] }),
    'issued 2026-11-28T22:00:00Z, valid from 2026-11-28T21:59:50Z, valid until 2026-11-28T22:05:00Z',
  ],
  [jwt({ exp: 1_795_903_500 }), 'valid until 2026-11-28T22:05:00Z'],
  [jwt({ exp: 'soon', iat: -1, nbf: 1e300 }), undefined],
  [jwt(null), undefined],
  [jwt('text'), undefined],
  [jwt({ exp: '1795903500' }), undefined],
  [jwt({ exp: 0 }), 'valid until 1970-01-01T00:00:00Z'],
  [jwt({ exp: 253_402_300_799 }), 'valid until 9999-12-31T23:59:59Z'],
  [jwt({ exp: 253_402_300_800 }), undefined],
  [`x${jwt({ exp: 0 })}`, undefined],
  [`${jwt({ exp: 0 })} x`, undefined],
  ['Bearer opaque', undefined],
  ['Bearer a.b.c', undefined],
  ['Basic cHJvYmU6c2VjcmV0', undefined],
  [undefined, undefined],
])('of %s: %s', (authorization, expected) => {
  expect(tokenTimes(authorization)).toBe(expected);
});
