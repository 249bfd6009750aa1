import { realpathSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { requireComponent } from '../../support/component.ts';
import { type Place, everywhere } from './place.ts';
import { freePort, type RunningProcess, waitFor } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

type Settings = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;

export interface GiteaOptions {
  /** Section → key → value of app.ini, over what a Gitea of the tests has. `DATA` in a value stands for its folder. */
  readonly settings?: Settings;
  /** Each rename of a file, by which it commits a blob, takes so long. Needs strace, and root. */
  readonly slowRenamesMs?: number;
}

export interface RunningGitea {
  readonly port: number;
  readonly origin: string;
  /** Everything that it keeps: `data/packages` has its blobs, `data/gitea.db` what it knows. */
  readonly directory: string;
  /** All that it wrote so far, over restarts. */
  readonly log: () => string;
  /** Asks its API, as the administrator unless it is told another. Throws, with the answer, unless it is one of success. */
  readonly api: (
    method: string,
    path: string,
    body?: object,
    as?: GiteaLogin,
  ) => Promise<Readonly<Record<string, unknown>>>;
  /** Ends the process without warning, as a crash or an eviction would. */
  readonly kill: () => Promise<void>;
  /** Starts it again on the same port and folder. */
  readonly start: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface GiteaLogin {
  readonly username: string;
  readonly password: string;
}

export const giteaUser: GiteaLogin = { username: 'probe', password: 'probe-lab-only' };
const administrator: GiteaLogin = { username: 'keeper', password: 'keeper-lab-only' };

/** A Gitea on 127.0.0.1 with SQLite in a temporary folder, an administrator, and the user `probe`. */
export async function startGitea(options: GiteaOptions = {}, place: Place = everywhere): Promise<RunningGitea> {
  const program = requireComponent('gitea');
  const directory = temporaryDirectory('gitea');
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const file = join(directory.path, 'app.ini');
  writeFileSync(file, iniOf(directory.path, port, program, options.settings ?? {}));
  const run = async (...args: readonly string[]): Promise<void> => {
    const child = await place.start(program, ['--config', file, ...args], environment(directory.path));
    const exitCode = await child.exited;
    if (exitCode !== 0) throw new Error(`gitea ${args[0]} ended with ${exitCode}:\n${child.output()}`);
  };
  await run('migrate');
  await run(...userArguments(administrator), '--admin');
  await run(...userArguments(giteaUser));
  const processes: RunningProcess[] = [];
  const log = (): string => processes.map((one) => one.output()).join('');
  const start = async (): Promise<void> => {
    const [command, ...before] = [...slowed(options.slowRenamesMs), program] as const;
    const running = await place.start(command, [...before, '--config', file, 'web'], environment(directory.path));
    processes.push(running);
    await waitFor('gitea to listen', () => place.listensOn(port), { timeoutMs: 60_000, everyMs: 50, details: log });
  };
  await start();
  return {
    port,
    origin,
    directory: directory.path,
    log,
    api: (method, path, body, as = administrator) => ask(`${origin}/api/v1/${path}`, method, body, as),
    kill: async () => void (await processes.at(-1)?.stop('SIGKILL')),
    start,
    close: async () => {
      await processes.at(-1)?.stop('SIGKILL');
      directory.remove();
    },
  };
}

function userArguments({ username, password }: GiteaLogin): string[] {
  const names = ['--username', username, '--password', password, '--email', `${username}@example.org`];
  return ['admin', 'user', 'create', ...names, '--must-change-password=false'];
}

async function ask(
  url: string,
  method: string,
  body: object | undefined,
  { username, password }: GiteaLogin,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>);
}

/** As a detached process, strace leaves the program its own process, which can be stopped. */
function slowed(renamesMs: number | undefined): string[] {
  if (renamesMs === undefined) return [];
  const inject = `inject=renameat:delay_enter=${renamesMs * 1_000}`;
  return [
    requireComponent('strace'),
    '-D',
    '-f',
    '--seccomp-bpf',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    'trace=renameat',
    '-e',
    inject,
  ];
}

/** It refuses to run as root unless it is told that this is meant. */
function environment(directory: string): { readonly cwd: string; readonly env: NodeJS.ProcessEnv } {
  const env = { PATH: process.env['PATH'], HOME: directory, GITEA_I_AM_BEING_UNSAFE_RUNNING_AS_ROOT: 'true' };
  return { cwd: directory, env };
}

function iniOf(directory: string, port: number, program: string, changes: Settings): string {
  const settings: Settings = {
    '': { RUN_USER: userInfo().username, RUN_MODE: 'prod', WORK_PATH: directory },
    server: {
      HTTP_ADDR: '127.0.0.1',
      HTTP_PORT: port,
      ROOT_URL: `http://127.0.0.1:${port}/`,
      // Where its templates and texts are: beside the program, as test/support/build-gitea.sh puts them.
      STATIC_ROOT_PATH: join(dirname(realpathSync(program)), 'gitea-static'),
      OFFLINE_MODE: true,
      DISABLE_SSH: true,
    },
    database: { DB_TYPE: 'sqlite3', PATH: join(directory, 'data/gitea.db') },
    security: { INSTALL_LOCK: true, SECRET_KEY: 'lab', PASSWORD_HASH_ALGO: 'pbkdf2_v1' },
    log: { LEVEL: 'debug', 'logger.access.MODE': 'console' },
    cron: { ENABLED: false },
  };
  const sections = [...new Set([...Object.keys(settings), ...Object.keys(changes)])];
  return sections
    .map((section) => {
      const keys = Object.entries({ ...settings[section], ...changes[section] });
      return [`[${section}]`, ...keys.map(([key, value]) => `${key} = ${String(value).replaceAll('DATA', directory)}`)]
        .join('\n')
        .replace('[]\n', '');
    })
    .join('\n\n');
}
