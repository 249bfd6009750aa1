import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxChallengeChars, parseChallenges } from '../../../src/registry/auth/challenge.ts';

function plain(values: readonly string[]): unknown[] {
  return parseChallenges(values).map(({ scheme, token68, parameters }) => ({
    scheme,
    ...(token68 === undefined ? {} : { token68 }),
    parameters: Object.fromEntries(parameters),
  }));
}

describe('parseChallenges', () => {
  it('reads the Bearer challenge of a registry', () => {
    const value =
      'Bearer realm="https://auth.example.org/token",service="registry.example.org",scope="repository:a/b:pull,push",error="invalid_token"';
    expect(plain([value])).toEqual([
      {
        scheme: 'bearer',
        parameters: {
          realm: 'https://auth.example.org/token',
          service: 'registry.example.org',
          scope: 'repository:a/b:pull,push',
          error: 'invalid_token',
        },
      },
    ]);
  });

  it.each([
    ['in two headers', ['Bearer realm="https://r/t",service="s",scope="*"', 'Basic realm="Gitea Container Registry"']],
    ['in one header', ['Bearer realm="https://r/t",service="s",scope="*", Basic realm="Gitea Container Registry"']],
    [
      'with empty elements and odd blanks',
      [', ,Bearer  realm = "https://r/t" ,\tservice="s",,scope="*",Basic realm="Gitea Container Registry" ,'],
    ],
  ])('reads two challenges %s', (_name, values) => {
    expect(plain(values)).toEqual([
      { scheme: 'bearer', parameters: { realm: 'https://r/t', service: 's', scope: '*' } },
      { scheme: 'basic', parameters: { realm: 'Gitea Container Registry' } },
    ]);
  });

  it('reads schemes without parameters, with token68, and unknown ones between known ones', () => {
    expect(plain(['Negotiate, NTLM TlRMTVNTUAAB/+==, Custom x=1, bAsIc Realm="r"'])).toEqual([
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'ntlm', token68: 'TlRMTVNTUAAB/+==', parameters: {} },
      { scheme: 'custom', parameters: { x: '1' } },
      { scheme: 'basic', parameters: { realm: 'r' } },
    ]);
  });

  it('keeps commas, schemes and escaped quotes inside a quoted value', () => {
    expect(plain(['Basic realm="a \\"b\\", Bearer realm=\\\\c"'])).toEqual([
      { scheme: 'basic', parameters: { realm: 'a "b", Bearer realm=\\c' } },
    ]);
  });

  it('takes the first of two values for one name', () => {
    expect(plain(['Bearer realm="https://good/",realm="https://evil/"'])).toEqual([
      { scheme: 'bearer', parameters: { realm: 'https://good/' } },
    ]);
  });

  it.each([
    ['nothing', ['']],
    ['only separators', [' , ,\t']],
    ['a parameter without a scheme', ['realm="x"']],
    ['an opening quote', ['"']],
  ])('understands nothing in %s', (_name, values) => {
    expect(plain(values)).toEqual([]);
  });

  it('goes on after what it cannot read', () => {
    expect(plain(['Bearer realm="unterminated', 'Basic realm="r"'])).toContainEqual({
      scheme: 'basic',
      parameters: { realm: 'r' },
    });
    for (const damaged of ['realm"no equals"', 'realm"no, error=x, y"', 'realm="good"bad']) {
      expect(plain([`Bearer ${damaged}, service="s", Basic realm="r"`])).toEqual([
        { scheme: 'bearer', parameters: { service: 's' } },
        { scheme: 'basic', parameters: { realm: 'r' } },
      ]);
    }
  });

  it('reads nothing of more than 16 KiB, counted over all headers', () => {
    const half = `Basic realm="${'x'.repeat(maxChallengeChars / 2 - 14)}"`;
    expect(half.length).toBe(maxChallengeChars / 2);
    expect(parseChallenges([half, half])).toHaveLength(2);
    expect(parseChallenges([half, half, 'B'])).toEqual([]);
  });

  it('never throws, and in bounded time, whatever the header says', () => {
    const noise = fc.string({ maxLength: 300 });
    const grammarly = fc
      .array(
        fc.constantFrom('Bearer', 'Basic', ' ', ',', '=', '"', '\\', 'realm', 'a', '/', '\t', '\n', '\u0000', 'é'),
        {
          maxLength: 200,
        },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(fc.oneof(noise, grammarly), { maxLength: 4 }), (values) => {
        for (const challenge of parseChallenges(values)) expect(challenge.scheme).toMatch(/^[!#$%&'*+.^_`|~0-9a-z-]+$/);
      }),
      { numRuns: 500 },
    );
  });

  it('reads nothing of what follows a quote that never closes', () => {
    expect(plain(['Basic realm="r", Bearer realm="open, Digest nonce=1'])).toEqual([
      { scheme: 'basic', parameters: { realm: 'r' } },
      { scheme: 'bearer', token68: 'realm=', parameters: {} },
    ]);
  });

  it('takes no more than linear time for hostile repetitions', () => {
    const started = performance.now();
    for (const piece of ['"', 'a ', 'a=', '\\', 'a="', '=,', 'a=a ', '"\\', 'a="\\', 'a a="\\', 'A'.repeat(64)]) {
      for (const before of ['', '"', 'a="', 'a '])
        parseChallenges([before + piece.repeat(Math.floor((maxChallengeChars - 3) / piece.length))]);
    }
    // 44 headers of 16 KiB; a quadratic parser takes seconds.
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('reads back every challenge that it is given in correct form', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,10}$/);
    const challenge = fc.record({
      scheme: fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/),
      parameters: fc.dictionary(name, fc.stringMatching(/^[\x20-\x7e]{0,20}$/), { maxKeys: 4, noNullPrototype: true }),
    });
    const quoted = (value: string): string => `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), fc.boolean(), (challenges, oneHeader) => {
        const values = challenges.map(({ scheme, parameters }) =>
          `${scheme} ${Object.entries(parameters)
            .map(([key, value]) => `${key}=${quoted(value)}`)
            .join(', ')}`.trim(),
        );
        expect(plain(oneHeader ? [values.join(', ')] : values)).toEqual(challenges);
      }),
    );
  });
});
