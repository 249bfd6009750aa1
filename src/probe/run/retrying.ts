import type { Check } from '../check.ts';
import type { RetryPolicy } from '../clients/client-profile.ts';

/** The retry policy of a check, for pushes unless another one is given: the profile's, or what the check puts in its place. */
export function retryPolicyOf(check: Check, retry = check.client.retry): RetryPolicy {
  const scaled = (attempt: number, random: number): number => retry.delayMs(attempt, random) * check.retryWaitScale;
  switch (check.retries) {
    case 'profile':
      return { ...retry, delayMs: scaled };
    case 'none':
      return { ...retry, maxAttempts: 1, delayMs: scaled };
    default:
      // A client that never retries has no opinion on what to retry: then everything is.
      return {
        maxAttempts: check.retries,
        delayMs: scaled,
        retries: retry.maxAttempts > 1 ? retry.retries : () => true,
      };
  }
}

/** Whether the waits between attempts are those of the real client, in number and length. */
export function hasRealWaits(check: Check): boolean {
  return check.client.retry.maxAttempts === 1
    ? check.retries === 'profile' || check.retries === 'none'
    : check.retries === 'profile' && check.retryWaitScale === 1;
}
