import type { Exchange } from '../../network/exchange.ts';
import { WrittenUrl } from '../../network/parse-url.ts';
import type { Transport } from '../../network/transport.ts';
import { BoundedSignal } from '../bounded-signal.ts';
import type { Check } from '../check.ts';

interface BarePing {
  readonly path: Check['path'];
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** GET /v2/ without a login, to which any answer counts, a refusal too. Undefined: none came within `timeoutMs`. Never throws. */
export async function barePing(
  transport: Transport,
  { path, userAgent, timeoutMs, signal }: BarePing,
): Promise<Exchange | undefined> {
  const waiting = new BoundedSignal(signal, Math.max(0, timeoutMs));
  try {
    return await transport.exchange({
      method: 'GET',
      url: new WrittenUrl('/v2/', path.origin),
      headers: { 'user-agent': userAgent, ...path.headers },
      signal: waiting.signal,
    });
  } catch {
    return undefined;
  } finally {
    waiting.stop();
  }
}
