import type { RegistryTarget } from '../registry/target.ts';
import { outcomeOf, type Tried } from './init-trial.ts';
import { pathEntry, scalar } from './path-entry.ts';

/** What the file is made of. */
interface InitConfig {
  readonly file: string;
  readonly registry: RegistryTarget;
  /** Where the password is read from, for credentials of a user. */
  readonly passwordFile: string | undefined;
  /** At least one. */
  readonly paths: readonly Tried[];
  /** Names of clients that got through, the first one for large blobs. At least one. */
  readonly clients: readonly string[];
}

/** The commented configuration, as YAML. */
export function initConfigText(config: InitConfig): string {
  const { file, registry, paths, clients } = config;
  return [
    '# Configuration of blobprobe, written by `blobprobe init`. docs/configuration.md names every key.',
    `# Check it: blobprobe --config.check --config.file=${file}`,
    '',
    'registries:',
    '  # The name becomes the label `registry`.',
    `  ${scalar(registry.name)}:`,
    '    # blobprobe pushes to this repository and deletes what it pushed. Use one for probing only.',
    `    repository: ${scalar(registry.repository)}`,
    ...credentialLines(config).map((line) => `    ${line}`),
    '    # Each network path to this registry; the name becomes the label `path`.',
    '    paths:',
    ...paths.flatMap(pathLines).map((line) => `      ${line}`),
    '',
    'checks:',
    '  # Often and small: is the registry there, does the login work?',
    `  small: { size: 1MiB, every: 5m, clients: [${clients.join(', ')}] }`,
    "  # Seldom and large, just above the limit of Cloudflare's smaller plans: do real layers get through?",
    `  large: { size: 105MB, every: 6h, timeout: 30m, clients: [${clients[0]}] }`,
    '',
    '# Searches for the largest size that each path accepts:',
    '# limits: { every: 1d, upTo: 600MiB }',
    '',
    '# Limits on the traffic:',
    '# budget: { bytesPerDay: 50GiB, bandwidth: 200Mbit/s }',
    '',
    '# Remembers what must be deleted, so that a crash leaves nothing on the registry:',
    '# ledgerFile: /var/lib/blobprobe/ledger.jsonl',
    '',
  ].join('\n');
}

function credentialLines({ registry, passwordFile }: InitConfig): string[] {
  const { credentials } = registry;
  if (credentials.kind === 'docker-config') {
    const key = `credentials: { dockerConfig: ${scalar(credentials.file)} }`;
    return ['# The login of docker, read for each push.', key];
  }
  if (credentials.kind !== 'basic' || passwordFile === undefined)
    return ['# credentials: { username: probe, passwordFile: /run/secrets/registry }'];
  return [
    '# The file is read each time it is used, so that the password can be rotated.',
    `credentials: { username: ${scalar(credentials.username)}, passwordFile: ${scalar(passwordFile)} }`,
  ];
}

function pathLines({ path, why, runs }: Tried): string[] {
  return pathEntry(path, [why, ...runs.map((run) => `Tried: ${outcomeOf(run)}`)]);
}
