import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { type Component, requireComponent } from '../../support/component.ts';
import type { CertificateFiles } from '../support/certificates.ts';
import { type Place, everywhere } from '../support/place.ts';
import { freePort, type RunningProcess, waitFor } from '../support/process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { apache } from './apache.ts';
import { caddy } from './caddy.ts';
import { envoy } from './envoy.ts';
import { haproxy } from './haproxy.ts';
import { lighttpd } from './lighttpd.ts';
import { nginx } from './nginx.ts';
import { squid } from './squid.ts';
import { trafficserver } from './trafficserver.ts';
import { traefik } from './traefik.ts';
import { varnish } from './varnish.ts';

/** How a hop is to stand before a registry; what is absent is as the program's documentation has it for a registry. */
export interface HopOptions {
  /** Port of 127.0.0.1 that requests are passed on to. */
  readonly upstreamPort: number;
  readonly tls?: CertificateFiles;
  /** Offers HTTP/2 beside HTTP/1.1; only with `tls`. */
  readonly http2?: boolean;
  /** Whether a body is collected before the upstream sees it, where the program has a choice. */
  readonly buffers?: boolean;
  /** Text in the program's own language for places that its file here names. */
  readonly more?: Readonly<Record<string, string>>;
}

export interface HopPlan extends Required<Pick<HopOptions, 'upstreamPort' | 'http2' | 'more'>> {
  readonly port: number;
  /** For what stands between two processes of one hop. */
  readonly innerPort: number;
  readonly directory: string;
  readonly tls: CertificateFiles | undefined;
  readonly buffers: boolean | undefined;
  /** Certificate and key in one file. */
  readonly pemFile: string;
}

interface ProgramStart {
  readonly component: Component;
  readonly args: readonly string[];
}

/** One program as a hop: what it is started with. Pure but for the plan's directory. */
export interface HopProgram {
  /** All that it may need. */
  readonly components: readonly Component[];
  /** Keys of `more`. */
  readonly places: readonly string[];
  /** Name → text of the files in its directory. */
  readonly files: (plan: HopPlan) => Readonly<Record<string, string>>;
  readonly starts: (plan: HopPlan) => readonly ProgramStart[];
  /** Path that is answered 200 once its routes are in force, where it listens before that. */
  readonly readyPath?: string;
}

export const hopPrograms = {
  nginx,
  haproxy,
  apache,
  caddy,
  traefik,
  envoy,
  varnish,
  squid,
  trafficserver,
  lighttpd,
} as const satisfies Readonly<Record<string, HopProgram>>;
export type HopName = keyof typeof hopPrograms;

export interface RunningHop {
  readonly origin: string;
  readonly port: number;
  readonly output: () => string;
  readonly close: () => Promise<void>;
}

/** Starts a hop on 127.0.0.1 of the place, with everything that it writes in a directory of its own. */
export async function startHop(name: HopName, options: HopOptions, place: Place = everywhere): Promise<RunningHop> {
  const program: HopProgram = hopPrograms[name];
  const directory = temporaryDirectory(name);
  // Servers that drop their rights have to get in.
  chmodSync(directory.path, 0o777);
  mkdirSync(join(directory.path, 'kept'), { mode: 0o777 });
  chmodSync(join(directory.path, 'kept'), 0o777);
  const { tls, buffers, http2 = false, more = {}, upstreamPort } = options;
  const unknown = Object.keys(more).filter((place) => !program.places.includes(place));
  if (unknown.length > 0) throw new Error(`${name} has no place ${unknown.join(', ')}`);
  const [port, innerPort] = [await freePort(), await freePort()];
  const pemFile = join(directory.path, 'both.pem');
  const plan: HopPlan = {
    port,
    innerPort,
    directory: directory.path,
    tls,
    buffers,
    http2,
    more,
    upstreamPort,
    pemFile,
  };
  writeFiles(plan, program);
  const running: RunningProcess[] = [];
  for (const { component, args } of program.starts(plan)) {
    running.push(
      await place.start(requireComponent(component), args, { cwd: directory.path, env: environmentOf(plan) }),
    );
  }
  const output = (): string => running.map((one) => one.output()).join('\n');
  const close = async (): Promise<void> => {
    await Promise.all(running.map((one) => one.stop()));
    directory.remove();
  };
  await waitFor(
    `${name} to listen`,
    () => {
      if (running.some((one) => !one.isRunning())) throw new Error(`${name} ended before it listened:\n${output()}`);
      return Promise.all(running.map((_one, index) => place.listensOn(index === 0 ? port : innerPort))).then(
        (listening) => listening.every(Boolean),
      );
    },
    { timeoutMs: 30_000, everyMs: 50, details: output },
  );
  if (program.readyPath !== undefined) await untilReady(port, program.readyPath, tls !== undefined, output);
  return { origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, port, output, close };
}

async function untilReady(port: number, path: string, secured: boolean, details: () => string): Promise<void> {
  const ask = (): Promise<boolean> =>
    new Promise((resolve) => {
      const { get } = secured ? https : http;
      get({ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      }).on('error', () => resolve(false));
    });
  await waitFor(`${path} to be answered`, ask, { timeoutMs: 30_000, everyMs: 50, details });
}

function writeFiles(plan: HopPlan, program: HopProgram): void {
  if (plan.tls !== undefined) writeFileSync(plan.pemFile, plan.tls.pem());
  for (const [file, text] of Object.entries(program.files(plan))) {
    mkdirSync(join(plan.directory, file, '..'), { recursive: true });
    writeFileSync(join(plan.directory, file), text);
  }
}

function environmentOf({ directory }: HopPlan): NodeJS.ProcessEnv {
  const kept = { HOME: directory, TMPDIR: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory };
  return { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`, ...kept, TS_ROOT: directory };
}
