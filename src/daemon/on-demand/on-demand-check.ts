import { messageOf } from '../../network/errors.ts';
import type { Config } from '../../config/config.ts';
import { parseSize } from '../../config/size.ts';
import { oneBlob, type Check, workloadBytes } from '../../probe/check.ts';
import type { RunRequest } from '../../server/on-demand.ts';

/** What was asked for is not there. One line, which lists what is. */
export class UnknownRequest extends Error {
  override readonly name = 'UnknownRequest';
}

/**
 * The check that a request names. Registry, path, client and workload must be those of a configured check; only the size
 * may be another, up to the largest that the registry is checked with. Throws UnknownRequest.
 */
export function checkFor(request: RunRequest, config: Pick<Config, 'checks' | 'limits'>): Check {
  const inRegistry = select(config.checks, 'registry', request.registry, ({ registry }) => registry.name);
  const onPath = select(inRegistry, 'path', request.path, ({ path }) => path.name);
  const ofClient = select(onPath, 'client', request.client, ({ client }) => client.name);
  const retries = retriesOf(request.retries);
  if (request.workload !== undefined && request.size !== undefined)
    throw new UnknownRequest('give workload or size, not both');
  if (request.size === undefined) {
    const [check] = select(ofClient, 'workload', request.workload, ({ workload }) => workload.name);
    return { ...check, ...retries };
  }
  const sizeBytes = sizeOf(request.size, largest(inRegistry, config));
  // The one that is given the longest time: a size of one's own is most like the largest.
  const template = ofClient.reduce((longest, check) => (check.timeoutMs > longest.timeoutMs ? check : longest));
  return oneBlob({ ...template, ...retries }, request.size, sizeBytes);
}

type Checks = readonly [Check, ...Check[]];

function select(
  checks: readonly Check[],
  parameter: string,
  asked: string | undefined,
  nameOf: (check: Check) => string,
): Checks {
  const names = [...new Set(checks.map(nameOf))];
  const [first, ...rest] = checks.filter((check) => nameOf(check) === asked);
  if (first === undefined) {
    const what =
      asked === undefined || asked === '' ? `${parameter} is missing` : `unknown ${parameter} ${quote(asked)}`;
    const known =
      names.length === 0 ? 'none is configured' : `there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`;
    const alternative = parameter === 'workload' ? ', or give size' : '';
    throw new UnknownRequest(`${what}: ${known}${alternative}`);
  }
  return [first, ...rest];
}

function retriesOf(text: string | undefined): Partial<Pick<Check, 'retries'>> {
  if (text === undefined) return {};
  if (text !== 'none' && text !== 'profile')
    throw new UnknownRequest(`unknown retries ${quote(text)}: there are none, profile`);
  return { retries: text };
}

function sizeOf(text: string, mostBytes: number): number {
  let sizeBytes: number;
  try {
    sizeBytes = parseSize(text);
  } catch (error) {
    const why = messageOf(error);
    throw new UnknownRequest(`size ${quote(text)}: ${why}, write for example 10MiB`);
  }
  if (sizeBytes < 1 || sizeBytes > mostBytes)
    throw new UnknownRequest(`size ${quote(text)}: this registry is checked with 1B to ${mostBytes}B`);
  return sizeBytes;
}

function largest(checks: Checks, { limits }: Pick<Config, 'limits'>): number {
  const searched = limits?.targets.some(({ registry }) => registry.name === checks[0].registry.name) === true;
  return Math.max(searched ? limits.upToBytes : 0, ...checks.map(({ workload }) => workloadBytes(workload)));
}

/** What was asked, short and on one line. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
