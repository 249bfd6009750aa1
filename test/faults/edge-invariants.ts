import type { LoggedRequest } from '../support/lab/request-log.ts';
import { clientProfiles } from '../../src/probe/clients/client-profiles.ts';
import type { RequestRecord } from '../../src/probe/outcome.ts';
import type { Observation } from './observation.ts';

/**
 * Body bytes of one request by which both sides may differ when it did not end well: what a write handed over at the moment of a
 * cut, of which the sender cannot know whether the kernel took it (one write of the client, and the framing around it).
 */
const cutBytes = Math.max(...Object.values(clientProfiles).map(({ writeBytes }) => writeBytes)) + 64 * 1024;

const bodies: ReadonlySet<string> = new Set(['POST', 'PATCH', 'PUT']);

/** An answer that a run has seen was given by the edge; and no upload at the edge came from anywhere but a run. */
export function edgeRequests(seen: Observation): string[] {
  return [...seen.edgeRequests].flatMap(([path, logged]) => {
    const recorded = requestsOver(seen, path);
    // A status of 0 at the edge: the answer was on its way when the connection ended.
    const byAnswer = countBy(logged, ({ method, path: name, status }) => `${method} ${name} ${status}`);
    const unanswered = countBy(logged, ({ method, path: name, status }) => (status === 0 ? `${method} ${name}` : ''));
    const byName = countBy(recorded, ({ method, url }) => `${method} ${pathOf(url)}`);
    return [
      ...[...countBy(recorded, ({ method, url, status }) => `${method} ${pathOf(url)} ${status ?? 'none'}`)].flatMap(
        ([key, count]) => {
          const known = (byAnswer.get(key) ?? 0) + (unanswered.get(key.slice(0, key.lastIndexOf(' '))) ?? 0);
          return key.endsWith(' none') || known >= count
            ? []
            : [`${path}: ${count} × ${key} in runs, ${known} at the edge`];
        },
      ),
      ...[...countBy(logged.filter(isUpload), ({ method, path: name }) => `${method} ${name}`)].flatMap(
        ([key, count]) => {
          const known = byName.get(key) ?? 0;
          return known >= count ? [] : [`${path}: ${count} × ${key} at the edge, ${known} in runs`];
        },
      ),
    ];
  });
}

/** A body that was answered well arrived to the last byte; of any other no more arrived than was sent. */
export function edgeBytes(seen: Observation): string[] {
  return [...seen.edgeRequests].flatMap(([path, logged]) => {
    const uploads = groupBy(logged.filter(isUpload), ({ method, path: name }) => `${method} ${name}`);
    const sent = groupBy(requestsOver(seen, path), ({ method, url }) => `${method} ${pathOf(url)}`);
    return [...uploads].flatMap(([key, arrived]) => {
      const requests = sent.get(key) ?? [];
      const sentBytes = requests.reduce((sum, one) => sum + one.sentBytes, 0);
      const arrivedBytes = arrived.reduce((sum, one) => sum + one.receivedBytes, 0);
      const well = requests.every(isWell) && requests.length === arrived.length && arrived.every((one) => !one.aborted);
      const agrees = well ? arrivedBytes === sentBytes : arrivedBytes <= sentBytes + cutBytes * requests.length;
      return agrees ? [] : [`${path}: ${key}: ${sentBytes} B sent, ${arrivedBytes} B arrived`];
    });
  });
}

function isWell({ status = 0, early, errorCode }: RequestRecord): boolean {
  return status >= 200 && status < 300 && !early && errorCode === undefined;
}

/** Requests whose body is an upload; tokens are asked for by POST, too. */
function isUpload({ method, path }: LoggedRequest): boolean {
  return bodies.has(method) && (path.includes('/blobs/uploads/') || path.includes('/manifests/'));
}

function requestsOver({ runs }: Observation, path: string): RequestRecord[] {
  return runs
    .filter((one) => one.path === path)
    .flatMap(({ run }) => run?.attempts.flatMap(({ requests }) => requests) ?? []);
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : url;
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  return new Map([...groupBy(items, keyOf)].map(([key, group]) => [key, group.length]));
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
