import { bracketed } from '../network/hosts.ts';
import type { NetworkPath } from '../network/path.ts';

/** A path as the configuration has it, below comments that say why: lines of YAML without indentation. */
export function pathEntry(path: NetworkPath, comments: readonly string[]): string[] {
  return [
    // What others wrote may hold a line break, after which a comment would be YAML.
    ...comments.map((comment) => `# ${comment.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')}`),
    `${scalar(path.name)}:`,
    ...pathEntries(path),
  ];
}

/** The keys of a path that differ from their defaults, a line each. */
function pathEntries(path: NetworkPath): string[] {
  const { origin, kind, connectTo, family, proxy, tls, allowHosts, realm } = path;
  const settings = [
    ...(tls.caFile === undefined ? [] : [`caFile: ${scalar(tls.caFile)}`]),
    ...(tls.insecure ? ['insecure: true'] : []),
  ];
  const entries = {
    url: scalar(origin),
    kind,
    connectTo: connectTo && scalar(`${bracketed(connectTo.host)}:${connectTo.port}`),
    family: family && `ipv${family}`,
    proxy: proxy && 'env # as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say',
    tls: settings.length === 0 ? undefined : `{ ${settings.join(', ')} }`,
    allowHosts: allowHosts.length === 0 ? undefined : `[${allowHosts.map(scalar).join(', ')}]`,
    realm: realm === 'follow' ? undefined : `${realm} # the registry names another host for tokens`,
  };
  return Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : [`  ${key}: ${value}`]));
}

/** Plain where YAML reads it back as the same text, else quoted as JSON, which YAML understands. */
export function scalar(text: string): string {
  const isPlain = /^[A-Za-z/][\w./@-]*(?::\/\/[\w.:-]+)?$/.test(text);
  return isPlain && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text);
}
