import { History } from '../../src/publish/history.ts';
import type { Round } from '../../src/probe/compare/round.ts';
import type { ServerDeps } from '../../src/server/deps.ts';
import type { WebTls } from '../../src/server/web-config.ts';
import { answerOf } from './rendered.ts';

export interface LogLine {
  readonly level: 'error' | 'warn';
  readonly facts: object;
  readonly message: string;
}

/** A logger that keeps its lines. */
export function memoryLog(): { lines: LogLine[]; log: ServerDeps['log'] } {
  const lines: LogLine[] = [];
  return {
    lines,
    log: {
      error: (facts, message) => void lines.push({ level: 'error', facts, message }),
      warn: (facts, message) => void lines.push({ level: 'warn', facts, message }),
    },
  };
}

/** TLS with this certificate, everything else as it is by default. */
export function tlsWith(certificate: { readonly cert: string; readonly key: string }): WebTls {
  return {
    cert: { kind: 'inline', text: certificate.cert },
    key: { kind: 'inline', text: certificate.key },
    clientAuth: 'NoClientCert',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: [],
    preferServerCiphers: true,
    curves: [],
  };
}

/** A ready process without checks. */
export function serverDeps(changes: Partial<ServerDeps> = {}): ServerDeps {
  return {
    build: { version: '1.2.3', revision: 'abc', nodeVersion: 'v20.20.0' },
    log: memoryLog().log,
    readiness: () => ({ ready: true }),
    renderMetrics: async (format) => answerOf(`# ${format}\n`),
    history: new History(),
    checks: () => [],
    redactedConfig: () => 'registries: {}\n',
    reload: async () => ({ ok: true, message: 'configuration loaded' }),
    verdicts: () => [],
    limits: () => [],
    rounds: () => [],
    apis: () => [],
    notices: () => [],
    liveRuns: { list: () => [], get: () => undefined },
    onDemand: { start: () => ({ kind: 'refused', message: 'nothing is run here' }) },
    dueInMs: () => undefined,
    pause: { state: () => undefined, pause: () => ({ error: 'nothing is paused here' }), resume: () => {} },
    now: () => new Date('2026-11-24T00:10:00Z'),
    ...changes,
  };
}

/** The last round of `gitea/docker/large`. */
export function round(verdict: Round['verdict']): Round {
  const startedAt = new Date('2026-11-24T00:00:00Z');
  return { id: 'round-1', registry: 'gitea', client: 'docker', workload: 'large', startedAt, runs: [], verdict };
}
