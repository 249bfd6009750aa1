import { parseDuration } from '../duration.ts';
import { hint, oneOf, quote } from '../expected.ts';
import type { ConfigPath } from '../problem.ts';
import { at, entriesOf, parsed, present, textAt, textsAt } from '../raw.ts';
import { formatSize, parseSize } from '../size.ts';
import type { Report } from './rule.ts';

/** Checks and the search for limits: what they push, when, and over which registries and paths. */
export function checkRules(config: unknown, report: Report): void {
  for (const [name, check] of entriesOf(at(config, 'checks'))) {
    const path = ['checks', name];
    const workload = present(check, ['size', 'layers']);
    if (workload.length !== 1)
      report(path, `expected exactly one of size, layers, got ${workload.length === 0 ? 'none' : 'both'}`);
    checkTimes(check, path, report);
    checkChunkSize(check, path, report);
    checkSelection(config, check, path, report);
  }
  const limits = at(config, 'limits');
  checkSelection(config, limits, ['limits'], report);
  const upTo = parsed(parseSize, textAt(limits, 'upTo')) ?? Number.POSITIVE_INFINITY;
  const resolution = parsed(parseSize, textAt(limits, 'resolution')) ?? 0;
  if (resolution > upTo)
    report(['limits', 'resolution'], `expected at most upTo (${formatSize(upTo)}), got ${formatSize(resolution)}`);
}

function checkChunkSize(check: unknown, path: ConfigPath, report: Report): void {
  const chunkSize = textAt(check, 'chunkSize');
  if (chunkSize === undefined) return;
  const clients = textsAt(check, 'clients').map(([, name]) => name);
  if (!clients.includes('chunked'))
    report([...path, 'chunkSize'], `expected only with client chunked, got it with ${clients.join(', ')}`);
}

function checkTimes(check: unknown, path: ConfigPath, report: Report): void {
  const every = textAt(check, 'every');
  const timeout = textAt(check, 'timeout');
  const everyMs = parsed(parseDuration, every) ?? Number.POSITIVE_INFINITY;
  const timeoutMs = parsed(parseDuration, timeout) ?? 0;
  if (everyMs >= timeoutMs) return;
  // A run may take as long as its timeout, and runs of one check never overlap: such an interval could not be kept.
  report([...path, 'every'], `expected an interval of at least timeout (${timeout}), got ${every}`);
}

function checkSelection(config: unknown, section: unknown, path: ConfigPath, report: Report): void {
  for (const key of ['clients', 'registries', 'paths']) checkOnce(section, path, key, report);

  const registries = new Map(entriesOf(at(config, 'registries')));
  checkKnown(section, path, 'registries', 'registry', [...registries.keys()], report);
  const chosen = textsAt(section, 'registries');
  const selected = chosen.length === 0 ? [...registries.keys()] : chosen.map(([, name]) => name);
  const pathsOf = (registry: string) => entriesOf(at(registries.get(registry), 'paths')).map(([name]) => name);
  checkKnown(section, path, 'paths', 'path', [...new Set(selected.flatMap(pathsOf))], report);

  const wanted = textsAt(section, 'paths').map(([, name]) => name);
  for (const [index, registry] of chosen) {
    if (wanted.length === 0 || !registries.has(registry) || pathsOf(registry).some((name) => wanted.includes(name)))
      continue;
    report(
      [...path, 'registries', index],
      `expected a registry with one of the paths ${wanted.join(', ')}, got ${quote(registry)}`,
    );
  }
}

function checkOnce(section: unknown, path: ConfigPath, key: string, report: Report): void {
  const seen = new Set<string>();
  for (const [index, name] of textsAt(section, key)) {
    if (seen.has(name)) report([...path, key, index], `expected each name once, got ${quote(name)} again`);
    seen.add(name);
  }
}

function checkKnown(
  section: unknown,
  path: ConfigPath,
  key: string,
  word: string,
  known: readonly string[],
  report: Report,
): void {
  for (const [index, name] of textsAt(section, key)) {
    if (known.includes(name)) continue;
    const expected = known.length === 0 ? `a known ${word}` : `a known ${word} (${oneOf(known)})`;
    report([...path, key, index], `expected ${expected}, got ${quote(name)}${hint(name, known)}`);
  }
}
