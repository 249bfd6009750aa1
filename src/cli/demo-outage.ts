import { parseDuration } from '../config/duration.ts';
import type { OutagePlan } from '../lab/lab.ts';
import { type Flags, type FlagValues, oneValue } from './flags.ts';
import { positive } from './flag-values.ts';

/** Down for a quarter of it, which is long enough for the alerts on failing checks to fire, and then to resolve. */
const usualEveryMs = 20 * 60_000;

/** When the first runs are through. */
const firstAfterMs = 25_000;

export const outageFlag: Flags = {
  'outage-every': oneValue(
    'DURATION',
    'How often the load balancer loses its server, each time for a quarter of this (default 20m).',
  ),
};

/** When the load balancer is down. Throws UsageError. */
export function outageOf(values: FlagValues): OutagePlan {
  const text = values.text('outage-every');
  const everyMs =
    text === undefined
      ? usualEveryMs
      : positive('outage-every', text, atLeastASecond, 'a duration of at least 1s, such as 4m');
  return { everyMs, downMs: everyMs / 4, firstAfterMs };
}

function atLeastASecond(text: string): number {
  const ms = parseDuration(text);
  if (ms < 1_000) throw new RangeError('less than a second');
  return ms;
}
