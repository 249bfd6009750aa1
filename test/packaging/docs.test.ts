import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseDocument } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { fakeSources } from '../support/config-sources.ts';
import { root } from './compose-file.ts';
import { pictureFile, pictureSize } from './picture.ts';
import { commandsOf, documents, reasonNotToRun, yamlBlock } from './doc-commands.ts';

const files = [...documents(), 'CHANGELOG.md', 'SECURITY.md', 'CONTRIBUTING.md'];

function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(files)('%s', (file) => {
  const text = readFileSync(join(root, file), 'utf8');

  test('has no link to a file or heading of this repository that does not exist', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? join(root, file) : join(root, dirname(file), path);
        if (!existsSync(target)) return true;
        return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
      });
    expect(broken).toEqual([]);
  });
});

test('every block of YAML can be read, and says something', () => {
  const blocks = files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/^```yaml\n(.*?)^```/gms)].map(([, block = '']) => ({
      file,
      block,
    })),
  );
  const unreadable = blocks.filter(({ block }) => {
    const { errors, contents } = parseDocument(block);
    return errors.length > 0 || contents === null;
  });
  expect(unreadable).toEqual([]);
  expect(new Set(blocks.map(({ file }) => file)).size).toBeGreaterThan(2);
});

test('the configurations of README and docs/deploy.md are valid', () => {
  const secret = { '/run/secrets/registry': 'a', '/etc/blobprobe/credentials/gitea/password': 'a' };
  const sources = fakeSources({ files: secret });
  expect(parseConfig(yamlBlock('README.md', 'config.yaml'), 'README.md', sources).checks.length).toBeGreaterThan(0);
  const { config } = parse(yamlBlock('docs/deploy.md', 'values.yaml')) as { config: object };
  expect(parseConfig(JSON.stringify(config), 'docs/deploy.md', sources).checks.length).toBeGreaterThan(0);
});

test('the picture is a PNG of a whole page, as wide as it is made, and small enough for a README', () => {
  const picture = readFileSync(pictureFile);
  expect(picture.subarray(1, 4).toString()).toBe('PNG');
  expect(picture.readUInt32BE(16)).toBe(pictureSize.width);
  expect(picture.readUInt32BE(20)).toBeGreaterThan(pictureSize.height);
  expect(picture.length).toBeLessThan(300_000);
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('](docs/images/status-page.png)');
});

test('commands that are not run are known, each for its reason', () => {
  const all = documents().flatMap(commandsOf);
  expect(all.filter((one) => reasonNotToRun(one) !== undefined).length).toBeGreaterThan(5);
  expect(all.filter((one) => reasonNotToRun(one) === undefined).length).toBeGreaterThan(5);
});
