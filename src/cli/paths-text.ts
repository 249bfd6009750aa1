import { prometheusDuration } from '../config/duration.ts';
import { formatSize } from '../config/size.ts';
import type { Finding } from '../kubernetes/findings.ts';
import type { Found, FoundPath, HopLimit } from '../kubernetes/found-path.ts';
import type { LimitKind } from '../kubernetes/limit-kind.ts';
import { formatBytes } from '../probe/byte-words.ts';
import { capitalized } from '../publish/format.ts';
import { pathEntry, scalar } from './path-entry.ts';

/** What is printed as a configuration. */
interface PathsConfig {
  /** As in `registry/gitea-http:3000`. */
  readonly service: string;
  /** Name of the registry. */
  readonly name: string;
  readonly repository: string;
  readonly found: Found;
  readonly sizeBytes: number;
}

/** A configuration of the paths that were found, each with why as comments. */
export function pathsConfigText({ service, name, repository, found, sizeBytes }: PathsConfig): string {
  return [
    `# Paths to the Service ${service}, as the cluster has them. Remove the paths that you do not want to probe.`,
    'registries:',
    `  ${scalar(name)}:`,
    '    # blobprobe pushes to this repository and deletes what it pushed. Use one for probing only, and give a login: docs/configuration.md.',
    `    repository: ${scalar(repository)}`,
    '    paths:',
    ...found.paths.flatMap((one) => entry(one, sizeBytes)).map((line) => `      ${line}`),
    'checks:',
    '  small: { size: 1MiB, every: 5m, clients: [docker] }',
    `  large: { size: ${formatSize(sizeBytes)}, every: 6h, timeout: 30m, clients: [docker] }`,
    '',
  ].join('\n');
}

function entry({ path, why, limits, notes }: FoundPath, sizeBytes: number): string[] {
  const words = limits.map((limit) => `${limitWords(limit)}${paceWords(limit, sizeBytes)}.`);
  return pathEntry(path, [...why, ...words, ...notes.map((note) => `${capitalized(note)}.`)]);
}

const nouns: Readonly<Record<LimitKind, string>> = {
  body: 'Largest body',
  request: 'Longest request',
  silence: 'Longest pause in a body',
  answer: 'Longest wait for the answer',
  collects: 'Collects bodies before they go on',
};

export function limitNoun(kind: LimitKind): string {
  return nouns[kind];
}

/** `8 MiB`, `1m`, `no limit`, `yes`. */
export function valueWords({ kind, value }: Pick<HopLimit, 'kind' | 'value'>): string {
  if (value === undefined) return 'not readable';
  if (kind === 'collects') return value === 1 ? 'yes' : 'no';
  if (value === Infinity) return 'no limit';
  return kind === 'body' ? formatBytes(value) : prometheusDuration(value);
}

function limitWords(limit: HopLimit): string {
  const from = limit.isDefault ? limit.source : `${limit.written}, ${limit.source}`;
  return `${nouns[limit.kind]}: ${valueWords(limit)} (${from})`;
}

/** What a limit on the time of a whole request asks of the line. */
function paceWords({ kind, value }: HopLimit, sizeBytes: number): string {
  if (kind !== 'request' || value === undefined || value === Infinity || value === 0) return '';
  return `: ${formatBytes(sizeBytes)} must come at ${formatBytes((sizeBytes * 1000) / value)}/s or faster`;
}

const severities = { fault: 'FAULT', doubt: 'doubt', note: 'note' } as const;

/** One line for each finding. */
export function findingLines(all: readonly Finding[]): string[] {
  return all.map(({ severity, path, text, remedy }) => {
    const where = path === undefined ? '' : `${path}: `;
    const line = `${severities[severity]}: ${where}${text}${remedy === undefined ? '' : `; ${remedy}`}`;
    return `${line.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')}\n`;
  });
}
