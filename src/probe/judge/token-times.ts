const shown = { iat: 'issued', nbf: 'valid from', exp: 'valid until' } as const;
/** Beyond this a number is no time that a token was made for: the year 9999. */
const latestSeconds = 253_402_300_799;

/**
 * `issued 2026-11-28T22:00:00Z, valid until 2026-11-28T22:05:00Z`: the times that a bearer token tells of itself (RFC 7519, 4.1), and
 * nothing else of it; undefined: it is no JWT, or tells none.
 */
export function tokenTimes(authorization: string | undefined): string | undefined {
  const payload = /^Bearer [\w-]+\.([\w-]{1,8192})\.[\w-]*$/i.exec(authorization ?? '')?.[1];
  if (payload === undefined) return undefined;
  const claims = parsed(Buffer.from(payload, 'base64url').toString('utf8'));
  const times = Object.entries(shown).flatMap(([name, words]) => {
    const seconds = claims[name];
    const isTime = typeof seconds === 'number' && seconds >= 0 && seconds <= latestSeconds;
    return isTime ? [`${words} ${new Date(Math.floor(seconds) * 1_000).toISOString().replace('.000Z', 'Z')}`] : [];
  });
  return times.length === 0 ? undefined : times.join(', ');
}

/** What is no object has no members. */
function parsed(text: string): Record<string, unknown> {
  try {
    return { ...(JSON.parse(text) as Record<string, unknown>) };
  } catch {
    return {};
  }
}
