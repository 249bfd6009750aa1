import { UsageError } from './flags.ts';

export const defaultListenAddress = ':10719';

/** Where to listen; without `host` on all addresses of both families. */
export interface ListenAddress {
  readonly host?: string;
  readonly port: number;
}

/** Reads `:10719`, `127.0.0.1:10719`, `localhost:10719` or `[::1]:10719`. Throws UsageError. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.%\w]+)\]|(?<name>[^:[\]]*)):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.['port']);
  if (match === null || port > 65_535) {
    throw new UsageError(`flag --web.listen-address: expected [host]:port, got ${JSON.stringify(text)}`);
  }
  const host = match.groups?.['v6'] ?? match.groups?.['name'] ?? '';
  return host === '' ? { port } : { host, port };
}
