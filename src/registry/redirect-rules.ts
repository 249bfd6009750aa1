/** Go sends ten requests in all and follows no further (net/http, defaultCheckRedirect); docker and containerd count the same in checks of their own. */
export const maxRequests = 10;

/** Statuses after which Go's net/http goes on by GET (HEAD stays HEAD), without a body. */
export const turnsToGet = new Set([301, 302, 303]);

/** Statuses after which it sends the request as it was. */
export const keepsMethod = new Set([307, 308]);
