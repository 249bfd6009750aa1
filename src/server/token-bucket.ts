/** Go's `rate.Limiter` as exporter-toolkit uses it: one token each `intervalMs`, `burst` of them at most, full at first. */
export function createTokenBucket(
  limit: { readonly intervalMs: number; readonly burst: number },
  nowMs: () => number,
): () => boolean {
  let tokens = limit.burst;
  let lastMs = nowMs();
  return () => {
    const now = nowMs();
    tokens = Math.min(limit.burst, tokens + (now - lastMs) / limit.intervalMs);
    lastMs = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
