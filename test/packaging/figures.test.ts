import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './compose-file.ts';

/** The number that a file gives a name: `name = 64 * 1024`, `name: 50`, also what it adds to it or multiplies it with. Throws when there is none. */
function figure(file: string, name: string): number {
  const text = readFileSync(join(root, file), 'utf8');
  const [, product = ''] = new RegExp(`\\b${name}(?: =|:| \\*| \\+) ([\\d_.]+(?: \\* [\\d_.]+)*)`).exec(text) ?? [];
  if (product === '') throw new Error(`${file} gives ${name} no number`);
  return product.split(' * ').reduce((all, factor) => all * Number(factor.replaceAll('_', '')), 1);
}

const words = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const asWord = (value: number): string => words[value] ?? `${value}`;
const asCount = (value: number): string => value.toLocaleString('en');
const inKiB = (value: number): string => `${value / 1024} KiB`;
const inMiB = (value: number): string => `${value / 1024 ** 2} MiB`;
const inSeconds = (value: number): string => `${value / 1_000}`;

const clients = 'src/server/slow-clients.ts';
const head = 'src/network/answer-head.ts';
const secretText = 'src/network/secrets/secret-text.ts';
const engine = 'src/daemon/engine.ts';
const again = 'src/cli/with-ledger.ts';
const history = 'src/publish/history.ts';
const shutdown = 'src/daemon/shutdown.ts';
const program = 'test/behaviour/daemon/memory-limit.test.ts';
const shortest = asWord(figure(secretText, 'minSafeChars'));

/** What the documents say with numbers in it, written with the numbers that are in force. */
const said: Readonly<Record<string, readonly string[]>> = {
  'docs/security.md': [
    `at least ${figure(secretText, 'fragmentChars')} characters, or at least ${shortest} that are ${figure(secretText, 'view.length') * 100} % of it`,
    `warns about passwords of fewer than ${shortest} characters`,
    `a secret of fewer than ${shortest} characters as a whole word only, and one of fewer than ${asWord(figure(secretText, 'minSecretChars'))} not at all`,
    `follow up to ${asWord(figure('src/registry/redirect-rules.ts', 'maxRequests'))} redirects`,
    `64 MiB of memory. Heads above ${inKiB(figure(head, 'maxHeadBytes'))} and bodies above ${inMiB(figure('src/network/response-reader.ts', 'maxDiscardedBytes'))} are not read to the end`,
    `(read up to ${inKiB(figure('src/registry/auth/token-reply.ts', 'maxReplyBytes'))})`,
    `More than ${asCount(figure(head, 'maxInformational'))} of them to one request, or more than ${inKiB(figure(head, 'maxHeadBytes'))} together with the head`,
    `up to ${inSeconds(figure(engine, 'cleanupTimeoutMs'))} s of cleaning up`,
    `a wait of ${inSeconds(figure(again, 'tryAgainAfterMs'))} s and one more try of up to ${inSeconds(figure(again, 'tryAgainForMs'))} s`,
    `${inSeconds(figure(clients, 'headersMs'))} s for a head, ${inSeconds(figure(clients, 'requestMs'))} s for a request, ${inSeconds(figure(clients, 'readMs'))} s without reading.`,
    `take ${figure(clients, 'connections')} connections`,
    `only the last ${inMiB(figure('src/probe/leftovers/ledger-file.ts', 'maxReadBytes'))} are read`,
    `At most ${asWord(figure('src/daemon/on-demand/on-demand-runs.ts', 'mostQueued'))} runs on demand wait`,
    `No pause that a server asks for lasts longer than ${figure('src/schedule/rate-limits.ts', 'longestHoldMs') === 3_600_000 ? 'an hour' : '?'}`,
  ],
  'docs/reliability.md': [
    `Its cleanup takes ${inSeconds(figure(engine, 'cleanupTimeoutMs'))} seconds more at most`,
    `the number of entries (${asCount(figure('src/probe/leftovers/ledger-store.ts', 'maxEntries'))}) are bounded`,
    `${figure(history, 'runs')} runs and ${figure(history, 'failures')} failures for each check, ${asCount(figure(history, 'mostRuns'))} runs of all checks together (at least ${asWord(figure(history, 'fewestPerCheck'))} of each kind for each check)`,
    `within ${inSeconds(figure(shutdown, 'pushBoundMs'))} seconds. The process ends within ${inSeconds(figure(shutdown, 'pushBoundMs') + figure(shutdown, 'shutdownBoundMs = pushBoundMs'))}.`,
    `In a container of ${inMiB(figure(program, 'limitBytes'))}, it pushes`,
  ],
  'docs/http.md': [
    `headers must arrive within ${inSeconds(figure(clients, 'headersMs'))} s and the body within ${inSeconds(figure(clients, 'requestMs'))} s`,
    `nothing of its answer for ${inSeconds(figure(clients, 'readMs'))} s is disconnected. All addresses together take ${figure(clients, 'connections')} connections.`,
  ],
};

/** Documents that are all promises: each number in them is held. */
const promises = ['docs/security.md', 'docs/reliability.md'];

/** Figures that are the tests' own, or no bounds. */
const noBounds: Readonly<Record<string, RegExp>> = {
  'docs/security.md': /HTTP\/2|\(1xx\)|base64|base32|\(429\)/g,
  'docs/reliability.md': /any 24 hours|2,000 checks|A 404|IPv4|32 MiB 20 times/g,
};

describe.each(Object.keys(said))('the figures of %s', (file) => {
  const document = readFileSync(join(root, file), 'utf8').replaceAll(/\s+/g, ' ');
  test.each(said[file] ?? [])('%s', (sentence) => {
    expect(document).toContain(sentence);
  });
});

test.each(promises)('no promise of %s has a number that nothing holds', (file) => {
  const rows = readFileSync(join(root, file), 'utf8')
    .split('\n')
    .flatMap((line) => /^\| ([A-Z].*?) \| (?=.*`test\/|the same two)/.exec(line)?.[1] ?? []);
  const held = (said[file] ?? []).reduce((text, sentence) => text.replaceAll(sentence, ''), rows.join('\n'));
  expect(held.replaceAll(noBounds[file] ?? /^$/g, '').match(/.*\d.*/g)).toBeNull();
  expect(rows.length).toBeGreaterThan(20);
});

test('a name that no file gives a number is found missing', () => {
  expect(() => figure(clients, 'nobody')).toThrow('gives nobody no number');
  expect(figure('src/network/answer-head.ts', 'keptBytes')).toBe(512);
});
