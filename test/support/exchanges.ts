import type { Exchange, HttpResponse } from '../../src/network/exchange.ts';

/** A PATCH of nothing, unanswered, over in a millisecond. */
export function exchangeOf({
  url,
  ...changes
}: Partial<Omit<Exchange, 'url'>> & { url?: string | URL } = {}): Exchange {
  return {
    method: 'PATCH',
    url: new URL(url ?? 'https://registry.example.org/v2/a/b/blobs/uploads/1'),
    requestHeaders: {},
    declaredLength: false,
    plannedBytes: 0,
    offeredBytes: 0,
    sentBytes: 0,
    startedAtMs: 0,
    endedAtMs: 1,
    socketReused: false,
    early: false,
    ...changes,
  };
}

/** A whole answer; each header was sent once. */
export function answerOf(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): HttpResponse {
  const bytes = Buffer.from(body);
  const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return { status, headers: sent, body: bytes, bodyBytes: bytes.byteLength, complete: true };
}
