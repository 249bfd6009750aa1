import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { temporaryDirectory } from '../real/support/temporary-directory.ts';
import { kindsRead } from '../../src/kubernetes/objects.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { chartFile, chartFolder, helm, type HelmProgram, type KubernetesObject, notes, only, render } from './helm.ts';
import { type PodSpec, restrictedViolations } from './pod-security.ts';
import { complaints } from './validate.ts';

const matrix = readdirSync(join(chartFolder, 'ci')).sort();
const fileOf = (name: string): string => join(chartFolder, 'ci', name);

/** The least configuration. */
const config = {
  registries: { lab: { repository: 'probes', paths: { direct: { url: 'http://registry:5000' } } } },
  checks: { small: { size: '1MiB', every: '5m', clients: ['docker'] } },
};

interface Workload {
  readonly replicas?: number;
  readonly strategy?: { readonly type: string };
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly template: {
    readonly metadata: KubernetesObject['metadata'];
    readonly spec: PodSpec & {
      readonly containers: readonly { readonly args: readonly string[]; readonly ports: readonly object[] }[];
      readonly volumes: readonly Readonly<Record<string, unknown>>[];
    };
  };
}

function workload(objects: readonly KubernetesObject[], kind = 'Deployment', name?: string): Workload {
  return only(objects, kind, name).spec as Workload;
}

function argsOf(objects: readonly KubernetesObject[], kind?: string, name?: string): readonly string[] {
  return workload(objects, kind, name).template.spec.containers[0]!.args;
}

interface Rule {
  readonly alert?: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface RuleGroups {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

function rulesOf({ groups }: RuleGroups): Rule[] {
  return groups.flatMap(({ rules }) => rules);
}

function withoutDashboard({ annotations = {} }: Rule): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== 'dashboard_url'));
}

function alertsOf(groups: RuleGroups, name: string): Rule[] {
  return rulesOf(groups).filter(({ alert }) => alert === name);
}

for (const program of ['helm', 'helm4'] as const satisfies readonly HelmProgram[]) {
  describeWithComponents([program], `the chart with ${program}`, () => {
    test.each(matrix)('%s passes lint --strict', (name) => {
      const { status, stdout, stderr } = helm(['lint', '--strict'], {}, { program, files: [fileOf(name)] });
      expect(`${stdout}${stderr}`).toContain('1 chart(s) linted, 0 chart(s) failed');
      expect(status).toBe(0);
    });
  });
}

describeWithComponents(['helm'], 'the objects', () => {
  // All at once: the compiler takes as long for one. Helm 4 gives the same, as is seen below.
  test('are such as the API takes as they are, with each set of values', async () => {
    const sets = matrix.map((name) => render({}, { files: [fileOf(name)] }));
    for (const objects of sets) expect(objects.map(({ kind }) => kind)).toContain('ServiceAccount');
    expect(await complaints(sets.flat())).toEqual([]);
  });
});

describeWithComponents(['helm', 'helm4'], 'the chart with Helm 3 and Helm 4', () => {
  test.each(matrix)('%s gives the same objects', (name) => {
    const files = [fileOf(name)];
    expect(render({}, { program: 'helm4', files })).toEqual(render({}, { program: 'helm', files }));
  });
});

describeWithComponents(['helm'], 'the validation of rendered objects', () => {
  test('finds a field that does not exist, a wrong type, a missing field and an unknown kind', async () => {
    const objects = render({ serviceMonitor: { enabled: true } });
    const monitor = only(objects, 'ServiceMonitor');
    const wrong = (object: KubernetesObject, spec: object): KubernetesObject => ({ ...object, spec });
    const deployment = only(objects, 'Deployment');
    const found = await complaints([
      wrong(monitor, { ...(monitor.spec as object), endpoint: [] }),
      wrong(deployment, { ...(deployment.spec as object), replicas: '1' }),
      wrong({ ...deployment, metadata: { name: 'empty' } }, { replicas: 1 }),
      { ...deployment, kind: 'Deployments' },
      deployment,
    ]);
    const wanted = [
      /"endpoint"' does not exist/,
      /replicas must be integer/,
      /^Deployment empty: /,
      /^no schema of Deployments$/,
    ];
    for (const words of wanted) expect(found).toContainEqual(expect.stringMatching(words));
    // The fourth known object is right; lines that go on with the one before are indented.
    expect(found.filter((one) => one.startsWith('objects.mts(4,'))).toEqual([]);
  });
});

describeWithComponents(['helm'], 'the account for `blobprobe paths`', () => {
  test('may list what the command reads, and nothing else; the daemon has another, and no token', () => {
    const objects = render({ pathsReader: { create: true }, namespaceOverride: 'probes' });
    const { rules } = only(objects, 'ClusterRole') as unknown as {
      rules: readonly { apiGroups: string[]; resources: string[]; verbs: string[] }[];
    };
    const allowed = rules.flatMap(({ apiGroups, resources, verbs }) =>
      resources.map((resource) => ({ group: apiGroups.join(), resource, verbs })),
    );
    const group = (apiVersion: string): string => apiVersion.replace(/\/?[^/]*$/, '');
    expect(allowed).toEqual(
      kindsRead.map(({ apiVersion, resource }) => ({ group: group(apiVersion), resource, verbs: ['list'] })),
    );
    const reader = { kind: 'ServiceAccount', name: 'probe-blobprobe-paths-reader', namespace: 'probes' };
    expect(only(objects, 'ClusterRoleBinding')).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: 'probes-probe-blobprobe-paths-reader' },
      subjects: [reader],
    });
    const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata);
    expect(accounts).toContainEqual(expect.objectContaining({ name: reader.name, namespace: reader.namespace }));
    expect(workload(objects).template.spec).toMatchObject({
      serviceAccountName: 'probe-blobprobe',
      automountServiceAccountToken: false,
    });
  });
});

describeWithComponents(['helm'], 'the chart without values', () => {
  test('is a demonstration that can be scraped', () => {
    const objects = render();
    expect(argsOf(objects)).toContain('demo');
    // It writes its certificates to the directory for temporary files, and the root file system is read-only.
    const [{ env, volumeMounts }] = workload(objects).template.spec.containers as unknown as [
      { env: readonly { name: string; value?: string }[]; volumeMounts: readonly { mountPath: string }[] },
    ];
    const temporary = env.find(({ name }) => name === 'TMPDIR')?.value;
    expect(volumeMounts.map(({ mountPath }) => mountPath)).toContain(temporary);
    expect(objects.map(({ kind }) => kind).sort()).toEqual(['Deployment', 'Pod', 'Service', 'ServiceAccount']);
    expect(workload(objects).template.spec.containers[0]!.ports).toEqual([
      { name: 'http', containerPort: 10719, protocol: 'TCP' },
    ]);
    expect(only(objects, 'Service').spec).toMatchObject({ ports: [{ name: 'http', port: 10719, targetPort: 'http' }] });
  });

  test('helm test asks the Service whether it is ready, and pushes to the registry of the demonstration', () => {
    const pod = only(render({ config }), 'Pod');
    expect(pod.metadata.annotations).toMatchObject({ 'helm.sh/hook': 'test' });
    const { containers } = pod.spec as { containers: readonly { readonly args: readonly string[] }[] };
    expect(containers.map(({ args }) => args)).toEqual([
      ['healthcheck', '--url=http://probe-blobprobe.default:10719'],
      ['demo', '--once'],
    ]);
    expect(containers[1]).toMatchObject({ volumeMounts: [{ mountPath: '/tmp' }] });
  });

  test('satisfies the Pod Security Standard "restricted", on a read-only root file system', () => {
    const objects = render();
    for (const pod of [workload(objects).template.spec, only(objects, 'Pod').spec as PodSpec]) {
      expect(restrictedViolations(pod)).toEqual([]);
      expect(pod.containers[0]!.securityContext?.readOnlyRootFilesystem).toBe(true);
    }
    const open = render({
      hostNetwork: true,
      securityContext: { allowPrivilegeEscalation: true, capabilities: { drop: [] } },
      podSecurityContext: { runAsNonRoot: false, seccompProfile: { type: 'Unconfined' } },
    });
    expect(restrictedViolations(workload(open).template.spec)).toEqual([
      'host namespaces',
      'runAsNonRoot',
      'seccompProfile',
      'blobprobe: allowPrivilegeEscalation',
      'blobprobe: capabilities.drop',
    ]);
  });
});

describeWithComponents(['helm'], 'the workload', () => {
  test('is a Deployment that is recreated, one pod', () => {
    expect(workload(render({ config }))).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  });

  test('restarts when the configuration changes, and only then', () => {
    const checksum = (values: object): string | undefined =>
      workload(render(values)).template.metadata.annotations?.['checksum/config'];
    const before = checksum({ config });
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(checksum({ config, service: { port: 80 } })).toBe(before);
    expect(checksum({ config: { ...config, retryWaitScale: 0.5 } })).not.toBe(before);
  });

  test('with autoReload, loads the configuration anew instead', () => {
    const objects = render({ config, autoReload: true });
    expect(workload(objects).template.metadata.annotations).not.toHaveProperty('checksum/config');
    expect(argsOf(objects)).toContain('--config.enable-auto-reload');
    expect(argsOf(render({ config }))).not.toContain('--config.enable-auto-reload');
  });

  test('selectors hold nothing that changes with the version', () => {
    const { selector, template } = workload(render({ config, commonLabels: { team: 'a' } }));
    expect(selector.matchLabels).toEqual({
      'app.kubernetes.io/name': 'blobprobe',
      'app.kubernetes.io/instance': 'probe',
    });
    expect(template.metadata.labels).toMatchObject({ ...selector.matchLabels, team: 'a' });
  });

  test('a spread without a selector is of all pods of the release', () => {
    const spread = (constraint: object): unknown => {
      const objects = render({ config, shards: 2, topologySpreadConstraints: [{ maxSkew: 1, ...constraint }] });
      const { spec } = workload(objects, 'Deployment', 'probe-blobprobe-0').template;
      return (spec as unknown as { topologySpreadConstraints: unknown }).topologySpreadConstraints;
    };
    const ofRelease = { 'app.kubernetes.io/name': 'blobprobe', 'app.kubernetes.io/instance': 'probe' };
    expect(spread({ topologyKey: 'zone' })).toEqual([
      { maxSkew: 1, topologyKey: 'zone', labelSelector: { matchLabels: ofRelease } },
    ]);
    const other = { matchExpressions: [{ key: 'a', operator: 'Exists' }] };
    expect(spread({ labelSelector: other })).toEqual([{ maxSkew: 1, labelSelector: other }]);
  });

  test('shards: one Deployment for each, with its part, its selector and its claim', () => {
    const objects = render({ config, shards: 3, persistence: { enabled: true } });
    for (const shard of [0, 1, 2]) {
      const name = `probe-blobprobe-${shard}`;
      expect(argsOf(objects, 'Deployment', name)).toContain(`--shard=${shard}/3`);
      const { selector, template } = workload(objects, 'Deployment', name);
      expect(selector.matchLabels['blobprobe/shard']).toBe(String(shard));
      expect(template.metadata.labels).toMatchObject(selector.matchLabels);
      expect(template.spec.volumes).toContainEqual({ name: 'ledger', persistentVolumeClaim: { claimName: name } });
      only(objects, 'PersistentVolumeClaim', name);
    }
    expect(argsOf(render({ config })).join(' ')).not.toContain('--shard');
  });

  test('credentials become files, a docker config under the name that dockerConfig wants', () => {
    const credentials = { a: { secretName: 'one' }, b: { secretName: 'two', dockerConfigJson: true } };
    const { volumes } = workload(render({ config, credentials })).template.spec;
    expect(volumes).toContainEqual({ name: 'credentials-a', secret: { secretName: 'one' } });
    expect(volumes).toContainEqual({
      name: 'credentials-b',
      secret: { secretName: 'two', items: [{ key: '.dockerconfigjson', path: 'config.json' }] },
    });
  });

  test('probes ask over HTTPS and below the prefix, and only open a connection where they would need a password', () => {
    const probe = (values: object): unknown =>
      (workload(render(values)).template.spec.containers[0] as unknown as { readinessProbe: unknown }).readinessProbe;
    const webConfig = { existingSecret: 'web', tls: true };
    expect(probe({ webConfig, web: { externalUrl: 'https://probes.example.org/blobprobe/' } })).toMatchObject({
      httpGet: { path: '/blobprobe/-/ready', port: 'http', scheme: 'HTTPS' },
    });
    expect(probe({ webConfig: { ...webConfig, basicAuth: true } })).toMatchObject({ tcpSocket: { port: 'http' } });
  });
});

describeWithComponents(['helm'], 'the configuration', () => {
  test.each(['config-values.yaml', 'daemonset-values.yaml'])('of %s is accepted by --config.check', (name) => {
    const objects = render({}, { files: [fileOf(name)] });
    const object = objects.find((one) => one.data?.['config.yaml'] ?? one.stringData?.['config.yaml']);
    const text = object?.data?.['config.yaml'] ?? object?.stringData?.['config.yaml'] ?? '';
    const directory = temporaryDirectory('chart-config');
    try {
      // Files of secrets are looked at by the check; they stand where the chart mounts them, seen from this directory.
      const here = text.replaceAll('/etc/blobprobe/credentials/', `${directory.path}/`);
      for (const secret of ['gitea', 'harbor']) mkdirSync(join(directory.path, secret));
      writeFileSync(join(directory.path, 'gitea/password'), 'secret');
      writeFileSync(join(directory.path, 'harbor/config.json'), '{"auths":{}}');
      writeFileSync(join(directory.path, 'config.yaml'), here);
      const file = join(directory.path, 'config.yaml');
      expect(loadConfig(file, { env: {} }).checks.length).toBeGreaterThan(0);
    } finally {
      directory.remove();
    }
  });

  test('gets a place for the ledger, unless it names one', () => {
    const ledgerFile = (values: object): unknown =>
      (parse(only(render(values), 'ConfigMap').data?.['config.yaml'] ?? '') as { ledgerFile: string }).ledgerFile;
    expect(ledgerFile({ config })).toBe('/var/lib/blobprobe/ledger.jsonl');
    expect(ledgerFile({ config: { ...config, ledgerFile: '/data/ledger' } })).toBe('/data/ledger');
  });
});

const registries = config.registries;
const inTheOpen = { lab: { ...registries.lab, credentials: { username: 'a', password: 'b' } } };
const withFile = (passwordFile: string): object => ({
  ...config,
  registries: { lab: { ...registries.lab, credentials: { username: 'a', passwordFile } } },
});
const refusals: readonly (readonly [string, object, RegExp])[] = [
  ['an unknown value', { replicas: 2 }, /replicas.* not allowed/],
  ['an unknown value in a map', { image: { name: 'x' } }, /image.*name.* not allowed/s],
  ['a wrong type', { shards: 'two' }, /shards/],
  ['a kind that is none', { kind: 'StatefulSet' }, /kind.*('Deployment', 'DaemonSet'|"Deployment", "DaemonSet")/s],
  ['a digest that is none', { image: { digest: 'latest' } }, /digest/],
  ['an unknown key of the configuration', { config: { ...config, registrys: {} } }, /config.*registrys.* not allowed/s],
  [
    'a configuration without checks',
    { config: { registries } },
    /config.*(missing property 'checks'|checks is required)/s,
  ],
  [
    'a size without a unit',
    { config: { ...config, checks: { small: { ...config.checks.small, size: '150' } } } },
    /config.*checks.*small.*size/s,
  ],
  [
    'a client that does not exist',
    { config: { ...config, checks: { small: { ...config.checks.small, clients: ['dokcer'] } } } },
    /config.*checks.*clients/s,
  ],
  [
    'a registry without paths',
    { config: { ...config, registries: { lab: { repository: 'a' } } } },
    /config.*registries.*paths/s,
  ],
  ['a password in a ConfigMap', { config: { ...config, registries: inTheOpen } }, /password or token in plain text/],
  ['what other charts call it', { replicaCount: 2 }, /replicaCount: one vantage point is one pod.*`shards`/],
  [
    'labels by the name of other charts',
    { serviceMonitor: { additionalLabels: { release: 'kps' } } },
    /serviceMonitor\.additionalLabels is called serviceMonitor\.labels here.*prometheusRelease/,
  ],
  ['labels of rules likewise', { prometheusRule: { additionalLabels: {} } }, /prometheusRule\.labels here/],
  [
    'targets without a monitor',
    { serviceMonitor: { targets: [{ registry: 'a', path: 'b' }] } },
    /needs serviceMonitor/,
  ],
  [
    'a target that names no path',
    { serviceMonitor: { enabled: true, targets: [{ registry: 'a' }] } },
    /targets.*(missing property 'path'|path is required)/s,
  ],
  [
    'a password file without its Secret',
    { config: withFile('/etc/blobprobe/credentials/gitea/password'), credentials: { other: { secretName: 'x' } } },
    /config\.registries\.lab\.credentials\.passwordFile: no Secret becomes .*: set credentials\.gitea\.secretName/,
  ],
  [
    'a password file where nothing is mounted',
    { config: withFile('/run/secrets/registry') },
    /passwordFile: nothing is mounted at \/run\/secrets\/registry: set credentials\.NAME\.secretName/,
  ],
  ['two configurations', { config, existingConfig: { name: 'x' } }, /both set/],
  ['shards of a DaemonSet', { config, kind: 'DaemonSet', shards: 2 }, /every pod runs all checks/],
  ['a claim for a DaemonSet', { config, kind: 'DaemonSet', persistence: { enabled: true } }, /cannot share it/],
  ['one claim for shards', { config, shards: 2, persistence: { existingClaim: 'x' } }, /cannot share a ledger/],
  ['shards of the demonstration', { shards: 2 }, /cannot be divided/],
  ['both monitors', { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } }, /scraped twice/],
  ['a monitor without a Service', { serviceMonitor: { enabled: true }, service: { enabled: false } }, /use podMonitor/],
  ['a page without a Service', { ingress: { enabled: true }, service: { enabled: false } }, /need service.enabled/],
  ['TLS without its file', { webConfig: { tls: true } }, /existingSecret, which is empty/],
  ['the place for temporary files', { extraEnv: [{ name: 'TMPDIR', value: '/x' }] }, /TMPDIR is set by the chart/],
  ['a variable that stands twice', { extraEnv: [{ name: 'NODE_NAME', value: 'x' }] }, /NODE_NAME is set by the chart/],
  [
    'an alert that does not exist',
    { prometheusRule: { enabled: true, alerts: { BlobprobePushFails: { enabled: false } } } },
    /alerts\.BlobprobePushFails: no such alert; there are .*BlobprobePushFailing/,
  ],
  [
    'a field that alerts do not have',
    { prometheusRule: { enabled: true, alerts: { BlobprobePushFailing: { severity: 'page' } } } },
    /severity.* not allowed/s,
  ],
];

describe.each(['helm', 'helm4'] as const)('%s', (program) => {
  describeWithComponents([program], 'refuses, and says why', () => {
    test.each(refusals)('%s', (_name, values, message) => {
      const { status, stdout, stderr } = helm(['template', 'probe'], values, { program });
      expect(stderr).toMatch(message);
      expect(stdout).toBe('');
      expect(status).toBe(1);
    });
  });
});

describeWithComponents(['helm', 'promtool'], 'the PrometheusRule', () => {
  const groupsOf = (prometheusRule: object): RuleGroups =>
    only(render({ prometheusRule: { enabled: true, ...prometheusRule } }), 'PrometheusRule').spec as RuleGroups;
  const shipped = (name: string): RuleGroups => chartFile(`rules/blobprobe.${name}.yaml`) as RuleGroups;
  const promtool = (groups: RuleGroups): ReturnType<typeof spawnSync> => {
    const directory = temporaryDirectory('chart-rules');
    try {
      const file = join(directory.path, 'rules.yaml');
      writeFileSync(file, stringify(groups, { aliasDuplicateObjects: false, lineWidth: 0 }));
      return spawnSync(requireComponent('promtool'), ['check', 'rules', file], { encoding: 'utf8' });
    } finally {
      directory.remove();
    }
  };

  test('has the shipped rules as they are, but for links to a Grafana that nobody named', () => {
    const groups = groupsOf({});
    const wanted = [...shipped('rules').groups, ...shipped('alerts').groups].map((group) => ({
      ...group,
      rules: group.rules.map((rule) =>
        rule.alert === undefined ? rule : { ...rule, annotations: withoutDashboard(rule) },
      ),
    }));
    expect(groups.groups).toEqual(wanted);
    expect(promtool(groups)).toMatchObject({ status: 0 });
  });

  test('tunes and removes alerts by name', () => {
    const groups = groupsOf(parse(readFileSync(fileOf('everything-values.yaml'), 'utf8')).prometheusRule as object);
    const before = alertsOf(shipped('alerts'), 'BlobprobePathFault');
    const after = alertsOf(groups, 'BlobprobePathFault');
    expect(alertsOf(shipped('alerts'), 'BlobprobePushFailing').length).toBeGreaterThan(0);
    expect(alertsOf(groups, 'BlobprobePushFailing')).toEqual([]);
    expect(before.length).toBeGreaterThan(0);
    expect(after).toHaveLength(before.length);
    for (const [index, rule] of after.entries()) {
      expect(rule).toMatchObject({
        for: '9m',
        labels: { ...before[index]!.labels, severity: 'page', team: 'platform' },
      });
      expect(rule.annotations).toMatchObject({
        summary: before[index]!.annotations?.['summary'],
        extra: '{{ $labels.path }}',
      });
      expect(rule.annotations?.['runbook_url']).toBe('https://runbooks.example.org/blobprobe/BlobprobePathFault.md');
      expect(rule.annotations?.['dashboard_url']).toMatch(/^https:\/\/grafana\.internal\/d\//);
      expect(rule.annotations?.['runs_url']).toMatch(/^https:\/\/blobprobe\.internal\/runs\?registry=/);
    }
    expect(alertsOf(groups, 'Mine')).toMatchObject([{ annotations: { summary: '{{ $value }}' } }]);
    expect(promtool(groups)).toMatchObject({ status: 0 });
  });

  test('with an objective: its rules, and none without', () => {
    const names = (rules: RuleGroups): string[] => rules.groups.map(({ name }) => name);
    const groups = groupsOf({ sloObjective: 0.995 });
    const more = names(groups).filter((name) => !names(groupsOf({})).includes(name));
    expect(more).toEqual(['blobprobe.slo.objective', ...names(shipped('slo'))]);
    const [objective] = groups.groups.find(({ name }) => name === 'blobprobe.slo.objective')!.rules;
    expect(objective).toMatchObject({ record: 'slo:objective:ratio', expr: 'vector(0.995)' });
    expect(alertsOf(groups, 'BlobprobeErrorBudgetBurning')).toHaveLength(2);
    expect(promtool(groups)).toMatchObject({ status: 0 });
  });

  test('without alerts: the recording rules alone', () => {
    expect(groupsOf({ alertsEnabled: false })).toEqual(shipped('rules'));
  });
});

describeWithComponents(['helm'], 'monitors', () => {
  test('label series with the vantage point', () => {
    const vantage = { nodeLabel: 'node', zoneLabel: 'zone', labels: { site: 'fra1' } };
    const { spec } = only(render({ config, vantage, kind: 'DaemonSet', podMonitor: { enabled: true } }), 'PodMonitor');
    expect(spec).toMatchObject({
      attachMetadata: { node: true },
      podMetricsEndpoints: [
        {
          port: 'http',
          path: '/metrics',
          relabelings: [
            { sourceLabels: ['__meta_kubernetes_pod_node_name'], targetLabel: 'node' },
            { sourceLabels: ['__meta_kubernetes_node_label_topology_kubernetes_io_zone'], targetLabel: 'zone' },
            { targetLabel: 'site', replacement: 'fra1' },
          ],
        },
      ],
    });
  });

  test('scrape pushes on demand, each a target that can be told from the others, below the prefix', () => {
    const targets = [
      { registry: 'lab', path: 'direct', client: 'docker', size: '10MiB' },
      { registry: 'lab', path: 'direct', workload: 'small', interval: '1h', scrapeTimeout: '10m' },
    ];
    const web = { externalUrl: 'https://probes.example.org/blobprobe/' };
    const { spec } = only(render({ config, web, serviceMonitor: { enabled: true, targets } }), 'ServiceMonitor');
    const { endpoints } = spec as { endpoints: readonly Readonly<Record<string, unknown>>[] };
    expect(endpoints.map(({ path, interval, scrapeTimeout }) => [path, interval, scrapeTimeout])).toEqual([
      ['/blobprobe/metrics', '30s', undefined],
      ['/blobprobe/probe', '5m', '2m'],
      ['/blobprobe/probe', '1h', '10m'],
    ]);
    const relabelings = (endpoints[1]?.['relabelings'] as readonly object[] | undefined)?.slice(-5);
    expect({ ...endpoints[1], relabelings }).toMatchObject({
      params: { registry: ['lab'], path: ['direct'], client: ['docker'], size: ['10MiB'] },
      relabelings: [
        { targetLabel: 'job', replacement: 'probe-blobprobe-probe' },
        { targetLabel: 'target_client', replacement: 'docker' },
        { targetLabel: 'target_path', replacement: 'direct' },
        { targetLabel: 'target_registry', replacement: 'lab' },
        { targetLabel: 'target_size', replacement: '10MiB' },
      ],
    });
  });

  test('and rules carry the label release of kube-prometheus-stack by one switch, which a label of their own overrides', () => {
    const objects = render({
      prometheusRelease: 'kps',
      serviceMonitor: { enabled: true },
      prometheusRule: { enabled: true, labels: { release: 'mine' } },
    });
    expect(only(objects, 'ServiceMonitor').metadata.labels?.['release']).toBe('kps');
    expect(only(objects, 'PrometheusRule').metadata.labels?.['release']).toBe('mine');
    expect(only(objects, 'Deployment').metadata.labels).not.toHaveProperty('release');
    const pods = render({ prometheusRelease: 'kps', podMonitor: { enabled: true } });
    expect(only(pods, 'PodMonitor').metadata.labels?.['release']).toBe('kps');
  });

  test('select what the Service carries, in the namespace of the pods, under the same job in every release', () => {
    const objects = render({ namespaceOverride: 'probes', serviceMonitor: { enabled: true, namespace: 'monitoring' } });
    const monitor = only(objects, 'ServiceMonitor');
    const { selector, namespaceSelector, jobLabel } = monitor.spec as {
      selector: { matchLabels: Record<string, string> };
      namespaceSelector: object;
      jobLabel: string;
    };
    const service = only(objects, 'Service');
    expect(service.metadata.labels).toMatchObject(selector.matchLabels);
    expect(service.metadata.labels?.[jobLabel]).toBe('blobprobe');
    expect(namespaceSelector).toEqual({ matchNames: ['probes'] });
    expect(monitor.metadata.namespace).toBe('monitoring');
  });
});

describeWithComponents(['helm'], 'the dashboards', () => {
  const files = readdirSync(join(chartFolder, 'dashboards'));
  test('are the shipped files, byte for byte but for the newline at the end', () => {
    const objects = render({ dashboards: { enabled: true } }).filter(({ kind }) => kind === 'ConfigMap');
    const data = Object.assign({}, ...objects.map((one) => one.data)) as Record<string, string>;
    expect(Object.keys(data).sort()).toEqual(files.sort());
    for (const name of files)
      expect(data[name]).toBe(readFileSync(join(chartFolder, 'dashboards', name), 'utf8').trimEnd());
    expect(objects.every((one) => one.metadata.labels?.['grafana_dashboard'] === '1')).toBe(true);
  });

  test('have one GrafanaDashboard each, which names its ConfigMap', () => {
    const objects = render({ dashboards: { grafanaOperator: { enabled: true } } });
    const boards = objects.filter(({ kind }) => kind === 'GrafanaDashboard');
    expect(boards).toHaveLength(files.length);
    for (const board of boards) {
      const { configMapRef } = board.spec as { configMapRef: { name: string; key: string } };
      expect(only(objects, 'ConfigMap', configMapRef.name).data).toHaveProperty([configMapRef.key]);
    }
  });
});

describeWithComponents(['helm'], 'the NetworkPolicy', () => {
  test('names the port of the pod, not of the Service', () => {
    const objects = render({ networkPolicy: { enabled: true }, service: { port: 80 }, containerPort: 8080 });
    expect(only(objects, 'NetworkPolicy').spec).toMatchObject({
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ port: 'http', protocol: 'TCP' }] }],
    });
  });
});

describeWithComponents(['helm'], 'the notes', () => {
  test('say that it is a demonstration, and what kube-prometheus-stack looks for', () => {
    const text = notes({});
    expect(text).toContain('DEMONSTRATION');
    expect(text).toContain('`release: NAME-OF-ITS-RELEASE`');
  });

  test('count what runs, and leave out what is settled', () => {
    const text = notes({ config, serviceMonitor: { enabled: true, labels: { release: 'kps' } } });
    expect(text).toContain('1 workload(s) against 1 registry/registries');
    expect(text).not.toContain('DEMONSTRATION');
    expect(text).not.toContain('release:');
  });
});
