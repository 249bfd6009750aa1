import type { ClientName } from '../../../../src/probe/clients/client-profiles.ts';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DemoEdge, type EdgeOptions, startEdge } from '../../../support/lab/edge.ts';
import type { TlsIdentity } from '../../../../src/lab/loopback-server.ts';
import { type DemoRegistry, type RegistryOptions, startRegistry } from '../../../support/lab/registry.ts';
import type { Check } from '../../../../src/probe/check.ts';
import type { RunDeps } from '../../../../src/probe/deps.ts';
import type { AnsweredBy, Blame, Evidence, FailureReason, Phase } from '../../../../src/probe/failure.ts';
import { checkOf } from '../../../support/checks.ts';
import { type ScriptedRegistry, type Scripts, startScriptedRegistry } from '../../../support/scripted-registry.ts';

/** What a case makes a run of. */
export interface Arranged {
  readonly check: Check;
  readonly deps?: Partial<RunDeps>;
  readonly signal?: AbortSignal;
}

/** One symptom on the wire and the outcome that names it. */
export interface FailureCase {
  readonly name: string;
  /** Default: plain only. */
  readonly over?: readonly ('plain' | 'tls')[];
  readonly arrange: (lab: CaseLab) => Promise<Arranged>;
  readonly expected: {
    readonly reason: FailureReason;
    readonly phase: Phase;
    readonly answeredBy: AnsweredBy;
    readonly blame: Blame;
    readonly status?: number;
    readonly registryCode?: string;
    readonly evidence?: Partial<Evidence>;
  };
  /** Exactly so many body bytes, or a range: what the kernel takes is not what the peer reads. */
  readonly sentBytes: number | readonly [atLeast: number, atMost: number];
  /** Attempts made; default 1. */
  readonly attempts?: number;
}

export const both = ['plain', 'tls'] as const;
export const megabyte = 1_000_000;
/** More than the buffers of two loopback sockets hold: the sender notices what the peer does. */
export const large = 40 * megabyte;

/** Starts servers for one case, in front of which there is TLS or not, and ends them with it. */
export class CaseLab {
  readonly #tls: { readonly identity: TlsIdentity; readonly caFile: string } | undefined;
  readonly #folder: string;
  readonly #open: { close(): Promise<unknown> }[] = [];
  readonly #servers: { readonly openConnections: number; wake?(): void }[] = [];

  /** `folder`: where files that a path names may be written. */
  constructor(folder: string, tls?: { readonly identity: TlsIdentity; readonly caFile: string }) {
    this.#folder = folder;
    this.#tls = tls;
  }

  get secure(): boolean {
    return this.#tls !== undefined;
  }

  /** Connections that the servers know of, after they were told to look. */
  get openConnections(): number {
    for (const server of this.#servers) server.wake?.();
    return this.#servers.reduce((sum, server) => sum + server.openConnections, 0);
  }

  own<T extends { close(): Promise<unknown> }>(item: T): T {
    this.#open.push(item);
    return item;
  }

  /** A file with this text. */
  fileOf(text: string): string {
    const name = join(this.#folder, randomUUID());
    writeFileSync(name, text);
    return name;
  }

  async scripted(scripts: Scripts): Promise<ScriptedRegistry> {
    return this.#serve(await startScriptedRegistry(scripts, this.#tls?.identity));
  }

  async registry(options: RegistryOptions = {}): Promise<DemoRegistry> {
    return this.#serve(await startRegistry({ ...(this.#tls && { tls: this.#tls.identity }), ...options }));
  }

  /** An edge in front of a plain registry. */
  async edge(options: Omit<EdgeOptions, 'upstream'>, registry: RegistryOptions = {}): Promise<DemoEdge> {
    const { url } = this.own(await startRegistry(registry));
    return this.#serve(await startEdge({ ...(this.#tls && { tls: this.#tls.identity }), ...options, upstream: url }));
  }

  check(origin: string, options: Parameters<typeof checkOf>[1] = {}): Check {
    const { path, ...rest } = options;
    const tls = { insecure: false, minVersion: 'TLSv1.2', ...(this.#tls && { caFile: this.#tls.caFile }) } as const;
    return checkOf(origin, { ...rest, path: { tls, ...path } });
  }

  async close(): Promise<void> {
    for (const item of this.#open.splice(0).toReversed()) await item.close();
  }

  #serve<T extends { close(): Promise<unknown>; readonly openConnections: number; wake?(): void }>(server: T): T {
    this.#servers.push(server);
    return this.own(server);
  }
}

/** A case that is a push to a scripted registry. */
export function scriptedCase(
  name: string,
  scripts: Scripts,
  expected: FailureCase['expected'],
  options: {
    readonly client?: ClientName;
    readonly sizeBytes?: number;
    readonly sentBytes?: FailureCase['sentBytes'];
    readonly check?: Partial<Check>;
    readonly deps?: Partial<RunDeps>;
    readonly over?: FailureCase['over'];
    readonly attempts?: number;
  } = {},
): FailureCase {
  const { client, sizeBytes = megabyte, sentBytes = 0, check, deps, over, attempts } = options;
  return {
    name,
    expected,
    sentBytes,
    ...(over && { over }),
    ...(attempts && { attempts }),
    arrange: async (lab) => {
      const { url } = await lab.scripted(scripts);
      const about = { sizeBytes, ...(client && { client }), ...(check && { check }) };
      return { check: lab.check(url, about), ...(deps && { deps }) };
    },
  };
}
