import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tryAgainAfterMs, tryAgainForMs } from '../../src/cli/with-ledger.ts';
import { cleanupTimeoutMs } from '../../src/daemon/engine.ts';
import { root } from './compose-file.ts';

interface Promised {
  readonly promise: string;
  readonly file: string;
  readonly title: string;
}

/** Rows `| promise | \`test/file.test.ts\`: title |` of a document. */
function promisesOf(document: string): Promised[] {
  const text = readFileSync(join(root, document), 'utf8');
  return [...text.matchAll(/^\| (.+?) \| `(test\/[\w./-]+\.test\.ts)`: (.+) \|$/gm)].map(
    ([, promise = '', file = '', title = '']) => ({ promise, file, title }),
  );
}

/** Whether a block or test of that name is written in the file. */
function isWritten({ file, title }: Promised): boolean {
  if (!existsSync(join(root, file))) return false;
  const text = readFileSync(join(root, file), 'utf8');
  const written = text.replaceAll(/\(\s+/g, '(');
  return ["'", '"', '`'].some((quote) => written.includes(`(${quote}${title}${quote},`));
}

// Links only: that a test of this name stands there. Whether the promise holds is what that test says.
describe('docs/security.md', () => {
  const promises = promisesOf('docs/security.md');

  test('names a test for each promise', () => {
    const text = readFileSync(join(root, 'docs/security.md'), 'utf8');
    const table = text.slice(text.indexOf('## Promises'), text.indexOf('These are not promised'));
    expect(table.split('\n').filter((line) => /^\| (?!promise|---|-)/.test(line))).toHaveLength(promises.length);
    expect(promises.length).toBeGreaterThan(20);
  });

  test.each(promises)('$promise', (one) => {
    expect([one, isWritten(one)]).toEqual([one, true]);
  });

  test('says how long after its timeout a push may still clean up', () => {
    const bounds = [cleanupTimeoutMs, tryAgainAfterMs, tryAgainForMs].map((ms) => ms / 1_000);
    const [cleanup, wait, again] = bounds;
    expect(promises.map(({ promise }) => promise).join('\n')).toContain(
      `its \`--timeout\` and up to ${cleanup} s of cleaning up; when something is left behind, a wait of ${wait} s and one more try of up to ${again} s come on top`,
    );
  });

  test('a title that nobody wrote would be found missing', () => {
    expect(
      isWritten({ promise: '', file: 'test/behaviour/daemon/secrets.test.ts', title: 'nothing of the kind' }),
    ).toBe(false);
    expect(isWritten({ promise: '', file: 'test/nowhere.test.ts', title: 'no canary is found' })).toBe(false);
  });
});
