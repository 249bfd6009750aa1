import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { valueRows, valuesSchema, valuesTable } from './chart-generator.ts';

const root = new URL('../../', import.meta.url);
const chart = new URL('helm/blobprobe/', root);
const updating = process.env['UPDATE_GENERATED'] === '1';

const start = '<!-- table: made from values.yaml -->\n';
const end = '<!-- end of table -->';

/** `npm run generate` writes what is compared here. */
function generated(file: URL, wanted: string): string {
  if (updating) writeFileSync(file, wanted);
  return readFileSync(file, 'utf8');
}

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

const values = read('helm/blobprobe/values.yaml');

describe('the chart is made from the one source', () => {
  test('values.schema.json: from values.yaml and config.schema.json', () => {
    const schema = valuesSchema(values, JSON.parse(read('config.schema.json')) as Record<string, unknown>);
    const wanted = `${JSON.stringify(schema, undefined, 2)}\n`;
    expect(generated(new URL('values.schema.json', chart), wanted)).toBe(wanted);
  });

  test('README.md: the table from the comments of values.yaml', () => {
    const text = read('helm/blobprobe/README.md');
    const from = text.indexOf(start) + start.length;
    const to = text.indexOf(end);
    expect(from).toBeGreaterThan(start.length);
    expect(to).toBeGreaterThanOrEqual(from);
    const table = valuesTable(valueRows(values));
    expect(table.split('\n').length).toBeGreaterThan(100);
    const wanted = text.slice(0, from) + table + text.slice(to);
    expect(generated(new URL('README.md', chart), wanted)).toBe(wanted);
  });

  test.each([
    ['prometheus/', '.yaml', 'rules/'],
    ['grafana/dashboards/', '.json', 'dashboards/'],
  ])('the files of %s*%s are those of the chart in %s', (from, extension, to) => {
    const source = new URL(from, root);
    const copy = new URL(to, chart);
    const names = (folder: URL): string[] =>
      existsSync(folder)
        ? readdirSync(folder)
            .filter((name) => name.endsWith(extension))
            .sort()
        : [];
    if (updating) {
      rmSync(copy, { recursive: true, force: true });
      mkdirSync(copy, { recursive: true });
      for (const name of names(source)) writeFileSync(new URL(name, copy), readFileSync(new URL(name, source)));
    }
    expect(names(source)).not.toEqual([]);
    expect(names(copy)).toEqual(names(source));
    for (const name of names(source))
      expect(readFileSync(new URL(name, copy), 'utf8')).toBe(readFileSync(new URL(name, source), 'utf8'));
  });

  test('Chart.yaml: appVersion, image and chart version are the version of package.json', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const text = read('helm/blobprobe/Chart.yaml');
    expect(text).toMatch(new RegExp(`^version: ${version}$`, 'm'));
    expect(text).toMatch(new RegExp(`^appVersion: ${version}$`, 'm'));
    expect(text).toContain(`image: ghcr.io/blobprobe/blobprobe:${version}\n`);
  });

  test('Chart.yaml: what Artifact Hub reads is what it understands', () => {
    const { annotations } = parse(read('helm/blobprobe/Chart.yaml')) as { annotations: Record<string, string> };
    const list = (name: string): unknown => parse(annotations[`artifacthub.io/${name}`] ?? '');
    expect(annotations).toMatchObject({
      'artifacthub.io/category': 'monitoring-logging',
      'artifacthub.io/license': 'Apache-2.0',
    });
    expect(list('images')).toMatchObject([{ name: 'blobprobe', platforms: ['linux/amd64', 'linux/arm64'] }]);
    expect(list('links')).toMatchObject([{ name: expect.any(String), url: expect.stringMatching(/^https:/) }]);
    expect(list('changes')).toMatchObject([
      {
        kind: expect.stringMatching(/^(added|changed|deprecated|removed|fixed|security)$/),
        description: expect.any(String),
      },
    ]);
  });
});
