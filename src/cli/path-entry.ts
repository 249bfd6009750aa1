import type { NetworkPath } from '../network/path.ts';

/** A path as the configuration has it, below comments that say why: lines of YAML without indentation. */
export function pathEntry(path: NetworkPath, comments: readonly string[]): string[] {
  return [
    // What others wrote may hold a line break, after which a comment would be YAML.
    ...comments.map((comment) => `# ${comment.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')}`),
    `${scalar(path.name)}:`,
    ...Object.entries(pathEntries(path)).map(([key, value]) => `  ${key}: ${value}`),
  ];
}

/** The keys of a path that differ from their defaults. */
function pathEntries(path: NetworkPath): Readonly<Record<string, string>> {
  const { origin, kind, connectTo, family, proxy, tls, allowHosts, realm } = path;
  const settings = [
    ...(tls.caFile === undefined ? [] : [`caFile: ${scalar(tls.caFile)}`]),
    ...(tls.insecure ? ['insecure: true'] : []),
  ];
  return {
    url: scalar(origin),
    kind,
    ...(connectTo === undefined ? {} : { connectTo: scalar(`${bracketed(connectTo.host)}:${connectTo.port}`) }),
    ...(family === undefined ? {} : { family: `ipv${family}` }),
    ...(proxy === undefined ? {} : { proxy: 'env # as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say' }),
    ...(settings.length === 0 ? {} : { tls: `{ ${settings.join(', ')} }` }),
    ...(allowHosts.length === 0 ? {} : { allowHosts: `[${allowHosts.map(scalar).join(', ')}]` }),
    ...(realm === 'follow' ? {} : { realm: `${realm} # the registry names another host for tokens` }),
  };
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Plain where YAML reads it back as the same text, else quoted as JSON, which YAML understands. */
export function scalar(text: string): string {
  const isPlain = /^[A-Za-z/][\w./@-]*(?::\/\/[\w.:-]+)?$/.test(text);
  return isPlain && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text);
}
