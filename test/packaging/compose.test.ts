import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { fakeSources } from '../support/config-sources.ts';
import { temporaryDirectory } from '../real/support/temporary-directory.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { bindMounts, type ComposeFile, namedVolumes, readCompose, root } from './compose-file.ts';

const stack = readCompose('compose.yaml');
const gitea = readCompose('deploy/compose/gitea.yaml');

/** As `docker compose -f … -f …` merges them, as far as these files need it: a service's keys replace each other, lists are added. */
const withGitea: ComposeFile = {
  services: Object.fromEntries(
    [...new Set([...Object.keys(stack.services), ...Object.keys(gitea.services)])].map((name) => {
      const [base, extra] = [stack.services[name], gitea.services[name]];
      const volumes = [...(base?.volumes ?? []), ...(extra?.volumes ?? [])];
      return [name, { ...base, ...extra, image: extra?.image ?? base?.image ?? '', volumes }];
    }),
  ),
  volumes: { ...stack.volumes, ...gitea.volumes },
};

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

describe.each([
  ['compose.yaml', stack],
  ['compose.yaml with deploy/compose/gitea.yaml', withGitea],
])('%s', (_name, { services, volumes = {} }) => {
  const all = Object.values(services);

  test('mounts only what exists, read-only', () => {
    const mounts = all.flatMap(bindMounts);
    expect(mounts.length).toBeGreaterThan(5);
    expect(mounts.filter(({ source }) => !existsSync(source))).toEqual([]);
    const ofFiles = all.flatMap((service) => service.volumes ?? []).filter((volume) => volume.startsWith('.'));
    expect(ofFiles.filter((volume) => !volume.endsWith(':ro'))).toEqual([]);
  });

  test('declares each volume and each service that is used', () => {
    expect(all.flatMap(namedVolumes).filter((name) => !(name in volumes))).toEqual([]);
    expect(all.flatMap((service) => service.depends_on ?? []).filter((name) => !(name in services))).toEqual([]);
  });

  test('listens on loopback only, and names a version of each image that can be replaced', () => {
    const ports = all.flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(3);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    expect(all.filter(({ image }) => !/^[\w./-]+:\$\{\w+_VERSION:-[\w.-]+\}$/.test(image))).toEqual([]);
  });
});

describeWithComponents(['compose-spec'], "the Compose Specification's own library", () => {
  /** Docker Compose loads with it, too. */
  function load(...composeFiles: string[]): { status: number | null; model: ComposeFile; stderr: string } {
    const { status, stdout, stderr } = spawnSync(
      requireComponent('compose-spec'),
      ['--format', 'json', ...composeFiles],
      { cwd: root, encoding: 'utf8', env: { PATH: process.env['PATH'] } },
    );
    return { status, stderr, model: status === 0 ? (JSON.parse(stdout) as ComposeFile) : { services: {} } };
  }

  test('takes the stack, alone and with Gitea, and knows the same services', () => {
    const alone = load('compose.yaml');
    expect({ status: alone.status, stderr: alone.stderr }).toEqual({ status: 0, stderr: '' });
    expect(Object.keys(alone.model.services).toSorted()).toEqual(Object.keys(stack.services).toSorted());
    const both = load('compose.yaml', 'deploy/compose/gitea.yaml');
    expect({ status: both.status, stderr: both.stderr }).toEqual({ status: 0, stderr: '' });
    expect(Object.keys(both.model.services).toSorted()).toEqual(Object.keys(withGitea.services).toSorted());
  });

  test('would refuse a key that does not exist', () => {
    const directory = temporaryDirectory('compose');
    try {
      const wrong = join(directory.path, 'compose.yaml');
      writeFileSync(wrong, read('compose.yaml').replace('    depends_on:', '    depend_on:'));
      expect(load(wrong)).toMatchObject({ status: 1, stderr: expect.stringContaining('depend_on') });
    } finally {
      directory.remove();
    }
  });
});

test('Prometheus gets all rule files that are shipped', () => {
  const targets = bindMounts(stack.services['prometheus']!).map(({ target }) => target);
  for (const name of readdirSync(join(root, 'prometheus')).filter((one) => one.endsWith('.yaml')))
    expect(targets).toContain(`/etc/prometheus/rules/${name}`);
});

test('Grafana gets a data source, and boards from where they are mounted', () => {
  const { datasources } = parse(read('deploy/compose/grafana/datasources/prometheus.yaml')) as {
    datasources: {
      type: string;
      url: string;
      jsonData: { exemplarTraceIdDestinations: { name: string; url: string }[] };
    }[];
  };
  expect(datasources).toMatchObject([{ type: 'prometheus', url: 'http://prometheus:9090' }]);
  expect(Object.keys(stack.services)).toContain('prometheus');
  // What exemplars carry, and the page that shows it.
  expect(read('src/publish/metrics/observe-run.ts')).toContain(
    datasources[0]!.jsonData.exemplarTraceIdDestinations[0]!.name,
  );
  const { providers } = parse(read('deploy/compose/grafana/boards/blobprobe.yaml')) as {
    providers: { options: { path: string } }[];
  };
  const mount = bindMounts(stack.services['grafana']!).find(({ target }) => target === providers[0]!.options.path);
  const boards = readdirSync(mount!.source).filter((name) => name.endsWith('.json'));
  const home = stack.services['grafana']!.environment!['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']!;
  expect(boards.map((name) => `${mount!.target}/${name}`)).toContain(home);
});

test('the configuration for Gitea is valid, and its paths lead to services of the stack', () => {
  const config = parseConfig(read('deploy/compose/gitea-config.yaml'), 'gitea-config.yaml', fakeSources());
  const hosts = config.registries.flatMap(({ paths }) => paths.map(({ origin }) => new URL(origin).hostname));
  expect(hosts.toSorted()).toEqual(['edge', 'gitea']);
  expect(Object.keys(withGitea.services)).toEqual(expect.arrayContaining(hosts));
  const [, user, password] =
    /--username (\S+) --password (\S+)/.exec(gitea.services['gitea']!.command!.join(' ')) ?? [];
  expect(read('deploy/compose/gitea-config.yaml')).toContain(`{ username: ${user}, password: ${password} }`);
});
