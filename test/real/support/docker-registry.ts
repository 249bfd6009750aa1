import { hashSync } from 'bcryptjs';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireComponent } from '../../support/component.ts';
import { freePort, startProcess, waitUntilListening, type RunningProcess } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface RegistryOptions {
  readonly users?: Readonly<Record<string, string>>;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

/** One request as the registry logged it. */
export interface LoggedRequest {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly userAgent: string;
}

/** A Debian docker-registry on loopback with its storage in a temporary directory. */
export interface RunningRegistry {
  readonly origin: string;
  readonly port: number;
  /** The registry's access log so far, over restarts. */
  readonly requests: () => LoggedRequest[];
  readonly log: () => string;
  /** When upload sessions were started, in milliseconds since the epoch, as the registry logged it. */
  readonly sessionStarts: () => number[];
  /** Identifiers of the upload sessions that can still be used or hold bytes, as the storage has them for a repository. */
  readonly openSessions: (repository: string) => string[];
  /** Bytes that the storage holds in open upload sessions of a repository. */
  readonly openSessionBytes: (repository: string) => number;
  /** Digest → file of each blob and manifest in the storage, whatever repository it belongs to. */
  readonly stored: () => Map<string, string>;
  /** Ends the process without warning, as a crash or an eviction would. */
  readonly kill: () => Promise<void>;
  /** Starts it again on the same port and storage. */
  readonly start: () => Promise<void>;
  /** Ends it and removes its storage. */
  readonly close: () => Promise<void>;
}

/** Starts a registry with deletion enabled and no blob cache, so that a deleted blob is gone at once. */
export async function startRegistry(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const directory = temporaryDirectory('registry');
  const port = await freePort();
  const configFile = join(directory.path, 'config.json');
  // JSON is YAML: no quoting to get wrong.
  writeFileSync(configFile, JSON.stringify(configuration(directory.path, port, options), undefined, 2));
  const logs: RunningProcess[] = [];
  const start = async (): Promise<void> => {
    const program = await startProcess(requireComponent('docker-registry'), ['serve', configFile], {
      env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
    });
    logs.push(program);
    await waitUntilListening(port, program);
  };
  await start();
  const log = (): string => logs.map((program) => program.output()).join('');
  const sessions = (repository: string): string[] => uploadSessions(directory.path, repository);
  return {
    origin: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    log,
    requests: () => parseAccessLog(log()),
    sessionStarts: () => parseSessionStarts(log()),
    openSessions: (repository) => sessions(repository).map((path) => path.split('/').at(-1) ?? path),
    openSessionBytes: (repository) => sessions(repository).reduce((sum, path) => sum + sizeOf(join(path, 'data')), 0),
    stored: () => storedBlobs(directory.path),
    kill: async () => {
      await logs.at(-1)?.stop('SIGKILL');
    },
    start,
    close: async () => {
      await logs.at(-1)?.stop();
      directory.remove();
    },
  };
}

function configuration(directory: string, port: number, options: RegistryOptions): object {
  const htpasswd = join(directory, 'htpasswd');
  const users = Object.entries(options.users ?? {});
  writeFileSync(htpasswd, users.map(([name, password]) => `${name}:${hashSync(password, 4)}\n`).join(''));
  return {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: false } },
    storage: {
      filesystem: { rootdirectory: join(directory, 'storage') },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr: `127.0.0.1:${port}`,
      secret: 'one secret over restarts',
      ...(options.tls && { tls: { certificate: options.tls.certFile, key: options.tls.keyFile } }),
    },
    ...(options.users && { auth: { htpasswd: { realm: 'blobprobe tests', path: htpasswd } } }),
  };
}

function storedBlobs(directory: string): Map<string, string> {
  const root = join(directory, 'storage/docker/registry/v2/blobs/sha256');
  const prefixes = existsSync(root) ? readdirSync(root) : [];
  return new Map(
    prefixes.flatMap((prefix) =>
      readdirSync(join(root, prefix)).map((hex) => [`sha256:${hex}`, join(root, prefix, hex, 'data')] as const),
    ),
  );
}

/**
 * Folders of open sessions. A session that was cancelled leaves a folder with nothing but its hash state: registry 2.8.2 removes
 * the folder and then writes the state once more (`blobWriter.Cancel` calls `Close`). It answers 404 and holds no byte of the blob.
 */
function uploadSessions(directory: string, repository: string): string[] {
  const folder = join(directory, 'storage/docker/registry/v2/repositories', repository, '_uploads');
  const all = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return all.filter((session) => existsSync(join(session, 'startedat')) || existsSync(join(session, 'data')));
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Lines in Apache's combined format, which docker-registry writes for each finished request; other lines are left out. */
export function parseAccessLog(log: string): LoggedRequest[] {
  const line =
    /"(?<method>[A-Z]+) (?<target>\S+) HTTP\/[\d.]+" (?<status>\d{3}) (?:\d+|-) "[^"]*" "(?<userAgent>[^"]*)"/g;
  return [...log.matchAll(line)].map(({ groups = {} }) => ({
    method: groups['method'] ?? '',
    target: groups['target'] ?? '',
    status: Number(groups['status']),
    userAgent: groups['userAgent'] ?? '',
  }));
}

/** The registry's own lines have times to the nanosecond; its access log only to the second. */
function parseSessionStarts(log: string): number[] {
  const line =
    /^time="(?<time>[^"]+)" .*msg="response completed" .*http\.request\.method=POST .*http\.response\.status=202/gm;
  return [...log.matchAll(line)].map(({ groups = {} }) => Date.parse(groups['time'] ?? ''));
}
