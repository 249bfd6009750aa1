import { jsonText } from '../publish/format.ts';
import { readFileSync } from 'node:fs';
import { codeOf } from '../network/errors.ts';
import { loadConfig, parseConfig } from '../config/load.ts';
import { findPaths, parseServiceName, registryService, type ServiceName } from '../kubernetes/find-paths.ts';
import { type Finding, findings } from '../kubernetes/findings.ts';
import type { Found, FoundPath } from '../kubernetes/found-path.ts';
import { type Cluster, ClusterError, clusterOfText } from '../kubernetes/objects.ts';
import { readCluster } from '../kubernetes/read-cluster.ts';
import type { Known } from '../probe/advise/known.ts';
import { isRepositoryName } from '../registry/target.ts';
import { DaemonError, daemonLogin, daemonLoginFlags, knowledgeUrl, knownBy } from './ask-daemon.ts';
import { type Command, type Terminal, usualExitCodes } from './command.ts';
import { type Flags, type FlagValues, noValue, oneValue, UsageError, jsonFlag } from './flags.ts';
import { type Move, moveRows, movesOf, moveText } from './migration.ts';
import { sizeFlag } from './flag-values.ts';
import { usualLargeBytes } from './on-demand-flags.ts';
import { findingLines, pathsConfigText } from './paths-text.ts';

/** Exit codes of its own, beside the usual ones. */
const exits = { fine: 0, fault: 1, doubt: 4, unreadable: 5 } as const;

const pathsFlags: Flags = {
  kubernetes: noValue('Ask the cluster of kubectl, or the one of this pod. Nothing is written to it.'),
  service: oneValue('NAMESPACE/NAME[:PORT]', 'The Service of the registry.'),
  kubeconfig: oneValue('FILE', 'Configuration of kubectl (default: the one that kubectl uses).'),
  context: oneValue('NAME', 'Context of that configuration (default: its current one).'),
  from: oneValue(
    'FILE',
    'Read the output of kubectl get --output=json instead of asking a cluster; -: standard input.',
  ),
  size: oneValue('SIZE', 'Largest layer that must get through (default 105MB).'),
  'config.file': oneValue('FILE', 'Use the largest layer of the checks in this file.'),
  repository: oneValue('NAME', 'Repository to write into the configuration (default blobprobe).'),
  migration: noValue('Compare the path over an Ingress with that over a Gateway, for each host that both serve.'),
  before: oneValue('FILE', 'With --migration: take the Ingresses from this file, which kubectl wrote earlier.'),
  daemon: oneValue('URL', 'With --migration: add the measurements of a running blobprobe for paths of these names.'),
  ...daemonLoginFlags,
  ...jsonFlag,
};

/** Finds paths to a registry in a cluster, and what keeps pushes from getting through. Exit codes: see `exitCodes`. */
export const pathsCommand: Command = {
  name: 'paths',
  summary:
    'Finds the paths to a registry in a Kubernetes cluster, prints them as a configuration, and names limits that are too low.',
  exitCodes: {
    [exits.fine]: 'no known limit stops the largest layer',
    [exits.fault]: 'a setting in the cluster stops it',
    [exits.doubt]: 'a default may stop it, or something could not be read',
    [exits.unreadable]: 'the cluster, the file or the daemon cannot be read',
    ...usualExitCodes,
  },
  flags: pathsFlags,
  run,
};

interface Asked {
  readonly service: ServiceName;
  readonly sizeBytes: number;
  readonly repository: string;
  readonly daemon: URL | undefined;
  /** For the daemon. */
  readonly login: string | undefined;
}

async function run(values: FlagValues, terminal: Terminal): Promise<number> {
  const asked = askedOf(values, terminal);
  try {
    const from = values.text('from');
    const cluster =
      from === undefined
        ? await readCluster({ kubeconfig: values.text('kubeconfig'), context: values.text('context') })
        : readObjects(from, terminal);
    const pathsIn = (one: Cluster): Found => findPaths(one, registryService(one, asked.service));
    const found = pathsIn(cluster);
    const all = findings(cluster, found, asked.sizeBytes);
    if (values.isSet('migration')) {
      const before = values.text('before');
      const old = before === undefined ? found : pathsIn(readObjects(before, terminal));
      const moves = movesOf(old.paths, found.paths);
      if (moves.length === 0) throw new ClusterError('no host is served by an Ingress and by an HTTPRoute');
      const known = asked.daemon === undefined ? [] : await knownBy(asked.daemon, asked.login);
      terminal.out(values.isSet('json') ? moveJson(moves, known, all) : moveText(moves, known));
    } else {
      terminal.out(values.isSet('json') ? json(asked, found, all) : configText(asked, found, terminal));
    }
    if (!values.isSet('json')) terminal.err(findingLines(all).join(''));
    return exitCodeOf(all);
  } catch (error) {
    if (!(error instanceof ClusterError) && !(error instanceof DaemonError)) throw error;
    terminal.err(`blobprobe paths: ${error.message}\n`);
    return exits.unreadable;
  }
}

/** Reads the flags. Throws UsageError, and ConfigError for what is wrong with the configuration. */
function askedOf(values: FlagValues, terminal: Terminal): Asked {
  if (values.isSet('kubernetes') === values.isSet('from'))
    throw new UsageError('give --kubernetes, to ask the cluster, or --from=FILE, for what kubectl wrote');
  const stray = ['kubeconfig', 'context'].find((name) => values.isSet(name) && !values.isSet('kubernetes'));
  if (stray !== undefined) throw new UsageError(`flag --${stray} needs --kubernetes`);
  const alone = ['before', 'daemon'].find((name) => values.isSet(name) && !values.isSet('migration'));
  if (alone !== undefined) throw new UsageError(`flag --${alone} needs --migration`);
  if (values.isSet('size') && values.isSet('config.file'))
    throw new UsageError('flags --size and --config.file exclude each other');
  const text = values.text('service');
  if (text === undefined) throw new UsageError('give the Service of the registry: --service=NAMESPACE/NAME');
  const service = parseServiceName(text);
  const expected = `flag --service: expected NAMESPACE/NAME or NAMESPACE/NAME:PORT, got ${JSON.stringify(text)}`;
  if (service === undefined) throw new UsageError(expected);
  const repository = values.text('repository') ?? 'blobprobe';
  if (!isRepositoryName(repository))
    throw new UsageError(`flag --repository: ${JSON.stringify(repository)} is no name of a repository`);
  const daemon = values.text('daemon');
  return {
    service,
    sizeBytes: sizeOf(values, terminal),
    repository,
    daemon: daemon === undefined ? undefined : knowledgeUrl(daemon),
    login: daemonLogin(values),
  };
}

function sizeOf(values: FlagValues, terminal: Terminal): number {
  const file = values.text('config.file');
  if (file !== undefined) {
    const { checks } = loadConfig(file, { env: terminal.env });
    return Math.max(...checks.flatMap(({ workload }) => workload.layerBytes));
  }
  return sizeFlag(values, 'size') ?? usualLargeBytes;
}

/** Throws ClusterError for what cannot be read, and for what is no such file. */
function readObjects(file: string, { readInput }: Pick<Terminal, 'readInput'>): Cluster {
  if (file === '-') return clusterOfText(readInput(), 'standard input');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ClusterError(`${JSON.stringify(file)} cannot be read (${codeOf(error)})`);
  }
  return clusterOfText(text, file);
}

function configText({ service, repository, sizeBytes }: Asked, found: Found, terminal: Terminal): string {
  const { namespace, name, port } = service;
  const words = `${namespace}/${name}${port === undefined ? '' : `:${port}`}`;
  const text = pathsConfigText({ service: words, name, repository, found, sizeBytes });
  // What does not pass the check is a defect of ours, and is not written.
  parseConfig(text, 'the configuration of the paths', { env: terminal.env });
  return text;
}

function exitCodeOf(all: readonly Finding[]): number {
  if (all.some(({ severity }) => severity === 'fault')) return exits.fault;
  return all.some(({ severity }) => severity === 'doubt') ? exits.doubt : exits.fine;
}

/** JSON has no Infinity: `isUnlimited` says it, and `value` is absent. */
function view({ path, limits, ...rest }: FoundPath): object {
  const { name, origin: url, kind, connectTo } = path;
  const shown = limits.map(({ value, ...limit }) =>
    value === Infinity ? { ...limit, isUnlimited: true } : { ...limit, value, isUnlimited: false },
  );
  return { name, url, kind, connectTo, ...rest, limits: shown };
}

function json({ service, sizeBytes }: Asked, { paths, leftOut }: Found, all: readonly Finding[]): string {
  return jsonText({ service, sizeBytes, paths: paths.map(view), leftOut, findings: all });
}

function moveJson(moves: readonly Move[], known: readonly Known[], all: readonly Finding[]): string {
  const shown = moves.map((move) => ({ old: view(move.old), new: view(move.now), rows: moveRows(move, known) }));
  return jsonText({ moves: shown, findings: all });
}
