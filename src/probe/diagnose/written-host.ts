import type { Failure } from '../failure.ts';
import type { RequestRecord } from '../outcome.ts';
import { isOfRegistry } from './observed.ts';
import { type Examined, requestsOver } from './trial.ts';

/** Host and port of a URL as they are written, which is what the Host header says. */
function authorityIn(url: string): string {
  return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? '';
}

function nameIn(authority: string): string {
  return authority.replace(/:\d+$/, '');
}

interface ByHost {
  /** With the host and port of a Location. */
  readonly asLocation: readonly RequestRecord[];
  /** With those of the path's own URL. */
  readonly asUrl: readonly RequestRecord[];
}

const none: ByHost = { asLocation: [], asUrl: [] };

/** None of either: the failing request wrote the host as the path does, or went to another host. */
function byHost({ evidence }: Failure, { trials }: Examined): ByHost {
  const requests = requestsOver(trials);
  const [first] = requests;
  // Who was sent on went where a redirect led, and not to another name of this path.
  if (first === undefined || evidence.redirectedFrom !== undefined) return none;
  // Every push begins at the path's own host, whose name in what was recorded lacks what is a secret.
  const own = authorityIn(first.url);
  const other = authorityIn(evidence.url ?? '');
  if (other === own || nameIn(other) !== nameIn(own)) return none;
  const to = (authority: string): RequestRecord[] => requests.filter(({ url }) => authorityIn(url) === authority);
  return { asLocation: to(other), asUrl: to(own) };
}

function isRefused(request: RequestRecord): boolean {
  return (request.status ?? 0) >= 400 && !isOfRegistry(request);
}

/** The registry answered it, or a hop let it have what it asked for. */
function isPassedOn(request: RequestRecord): boolean {
  return request.status !== undefined && !isRefused(request);
}

/**
 * A hop refuses every request in which the host is written as a Location writes it, with a port or without, and passes requests on
 * in which it is written as in the path's URL.
 */
export function onlyOtherHostFails(failure: Failure, examined: Examined): boolean {
  const { asLocation, asUrl } = byHost(failure, examined);
  const answered = asLocation.filter(({ status }) => status !== undefined);
  const passes = asUrl.some((one) => (one.status ?? 500) < 400);
  return answered.length > 0 && answered.every(isRefused) && passes;
}

/** The same with requests of one method that carry no body: nothing but the host differs in what a hop looks at. */
export function hostSides(failure: Failure, examined: Examined): { readonly failed: number; readonly passed: number } {
  const { asLocation, asUrl } = byHost(failure, examined);
  const bare = asLocation.filter((one) => one.plannedBytes === 0 && isRefused(one));
  const alike = asUrl.filter(
    (one) => one.plannedBytes === 0 && isPassedOn(one) && bare.some(({ method }) => method === one.method),
  );
  return { failed: bare.length, passed: alike.length };
}
