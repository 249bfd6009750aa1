import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

const boards = ['overview', 'path'] as const;

/** What the compiler says of boards as values of the type that Grafana's own package has for schema v2. */
function complaints(specs: readonly string[]): string {
  const lines = specs.map((spec, index) => `export const board${index}: Spec = ${spec};`);
  writeFileSync(
    'out/v2.ts',
    `import type { Spec } from '@grafana/schema/apis/dashboard.grafana.app/v2';\n${lines.join('\n')}\n`,
  );
  const options = '--ignoreConfig --noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler'.split(
    ' ',
  );
  try {
    return execFileSync(process.execPath, ['../../node_modules/typescript/bin/tsc', ...options, 'out/v2.ts'], {
      encoding: 'utf8',
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

const specs = boards.map((board) => {
  const file = JSON.parse(readFileSync(`../dashboards-v2/blobprobe-${board}.json`, 'utf8')) as { spec: object };
  return JSON.stringify(file.spec);
});

test('the boards in schema v2 are what the types of Grafana 13 ask for, and nothing else', () => {
  assert.equal(complaints(specs), '');
});

test('the types would refuse another word, and a field that they do not know', () => {
  assert.match(complaints([specs[0]!.replace('"Crosshair"', '"crosshair"')]), /cursorSync|crosshair/);
  assert.match(complaints([specs[0]!.replace('"hidden":false', '"hiden":false')]), /hiden/);
});
