import { tableLines } from './table.ts';
import { jsonText } from '../publish/format.ts';
import type { ClientProfile } from '../probe/clients/client-profile.ts';
import { clientRows } from '../probe/clients/client-profiles.ts';
import type { Command } from './command.ts';
import { noValue } from './flags.ts';

/** What tells one row from another, in the order of a table's columns. */
const columns: Readonly<Record<string, (profile: ClientProfile) => string>> = {
  client: ({ name }) => name,
  version: ({ version }) => version,
  shape: ({ shape }) => shape,
  attempts: ({ retry }) => String(retry.maxAttempts),
  waits: (profile) =>
    waitsMs(profile)
      .map((ms) => `${ms / 1000}s`)
      .join(' '),
  timeLimit: ({ responseHeaderTimeoutMs: ms }) => (ms === undefined ? '' : `${ms / 1000}s`),
  layers: ({ concurrency }) => (Number.isFinite(concurrency) ? String(concurrency) : 'all'),
  userAgent: ({ userAgent }) => userAgent,
};

/** Milliseconds between the attempts, without jitter. */
function waitsMs({ retry }: Pick<ClientProfile, 'retry'>): readonly number[] {
  return Array.from({ length: retry.maxAttempts - 1 }, (_, index) => retry.delayMs(index + 1, 0));
}

export const clientsCommand: Command = {
  name: 'clients',
  summary: 'Lists the clients that can be emulated, with their versions and how they differ.',
  flags: { json: noValue('Print JSON, with waits in milliseconds.') },
  run: async (values, terminal) => {
    terminal.out(values.isSet('json') ? json() : `${table()}\n${notes()}\n`);
    return 0;
  },
};

function json(): string {
  const rows = clientRows.map((profile) => ({
    name: profile.name,
    version: profile.version,
    shape: profile.shape,
    attempts: profile.retry.maxAttempts,
    waitsMs: waitsMs(profile),
    responseHeaderTimeoutMs: profile.responseHeaderTimeoutMs ?? null,
    layersAtOnce: Number.isFinite(profile.concurrency) ? profile.concurrency : null,
    httpVersion: profile.httpVersion,
    userAgent: profile.userAgent,
    otherwise: profile.otherwise ?? null,
    measured: profile.measured ?? null,
    source: profile.source,
  }));
  return jsonText(rows);
}

/** What the columns do not tell of older versions. */
function notes(): string {
  return clientRows
    .flatMap(({ name, otherwise }) => (otherwise === undefined ? [] : [`${name}: ${otherwise}`]))
    .join('\n');
}

function table(): string {
  const rows = clientRows.map((profile) => Object.values(columns).map((cell) => cell(profile)));
  return `${tableLines([Object.keys(columns), ...rows]).join('\n')}\n`;
}
