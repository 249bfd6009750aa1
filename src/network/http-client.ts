import { createRequire } from 'node:module';
import type { Client as UndiciClient } from 'undici';

/**
 * undici's HTTP/1.1 and HTTP/2 client, by itself: the package as a whole brings fetch, caches, mocks and WebSockets along, which
 * nobody here uses and which every start of the daemon would load and keep (65 ms and 9 MiB of it, see docs/benchmarks.md). The
 * version is pinned, and a test holds that this is the class that the package exports.
 */
export const Client = createRequire(import.meta.url)('undici/lib/dispatcher/client.js') as typeof UndiciClient;
