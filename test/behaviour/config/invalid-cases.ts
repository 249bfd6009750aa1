import { clientNames } from '../../../src/probe/clients/client-profiles.ts';

/** One bad file for each rule, with everything that must be said of it, word for word. Secrets in them are all spelled `hunter…` or `12345678`. */
export interface InvalidCase {
  readonly name: string;
  readonly text: string;
  readonly problems: readonly string[];
}

function file(registryLines: string, checkLines: string, rest = ''): string {
  return `registries:\n  gitea:\n    repository: platform/blobprobe\n${registryLines}checks:\n${checkLines}${rest}`;
}
const goodPaths = `    paths:\n      internal: { url: "http://192.0.2.1:3000" }\n`;
const goodCheck = `  small: { size: 1MiB, every: 1m, clients: [docker] }\n`;

/** A good file but for the named part. */
function path(fields: string): string {
  return file(`    paths:\n      internal: { url: "https://192.0.2.1", ${fields} }\n`, goodCheck);
}
function url(text: string): string {
  return file(`    paths:\n      internal: { url: ${text} }\n`, goodCheck);
}
function check(fields: string): string {
  return file(goodPaths, `  small: { ${fields} }\n`);
}
function credentials(text: string): string {
  return file(`    credentials: ${text}\n${goodPaths}`, goodCheck);
}
function top(lines: string): string {
  return file(goodPaths, goodCheck, lines);
}

export const invalidCases: readonly InvalidCase[] = [
  {
    name: 'an interval that is none, beside a timeout',
    text: check('size: 1MiB, every: never, timeout: 1m, clients: [docker]'),
    problems: [
      'c.yaml:7:31: checks.small.every: expected a duration such as 90s or 1h30m, more than 0 and less than 25d (units y w d h m s ms, in this order), got "never"',
    ],
  },
  {
    name: 'a number in the place of a size',
    text: check('size: 0, every: 1m, clients: [docker]'),
    problems: [
      'c.yaml:7:18: checks.small.size: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got 0',
    ],
  },
  {
    name: 'no name of a file',
    text: path('tls: { caFile: "" }'),
    problems: [
      'c.yaml:5:60: registries.gitea.paths.internal.tls.caFile: expected a file name that is not empty, got ""',
    ],
  },
  {
    name: 'no name of a file with a secret',
    text: credentials('{ tokenFile: "" }'),
    problems: [
      'c.yaml:4:31: registries.gitea.credentials.tokenFile: expected a file name that is not empty, got an empty string',
    ],
  },
  {
    name: 'credentials without a value',
    text: credentials(''),
    problems: ['c.yaml:4:5: registries.gitea.credentials: expected a map, got nothing'],
  },
  {
    name: 'a client certificate that is not there',
    text: path('tls: { certFile: /tls/no.crt, keyFile: /tls/no.key }'),
    problems: [
      'c.yaml:5:62: registries.gitea.paths.internal.tls.certFile: expected a readable file, got "/tls/no.crt" (ENOENT)',
      'c.yaml:5:84: registries.gitea.paths.internal.tls.keyFile: expected a readable file, got "/tls/no.key" (ENOENT)',
    ],
  },
  {
    name: 'names of servers that are none',
    text: path('dns: ["a b"], tls: { serverName: "a b" }'),
    problems: [
      'c.yaml:5:51: registries.gitea.paths.internal.dns[0]: expected an IP address, or address:port, of a resolver, got "a b"',
      'c.yaml:5:78: registries.gitea.paths.internal.tls.serverName: expected a host name, got "a b"',
    ],
  },
  {
    name: 'a proxy whose host is none',
    text: path('proxy: { url: "http://a..b" }'),
    problems: [
      'c.yaml:5:59: registries.gitea.paths.internal.proxy.url: expected the URL of an HTTP proxy such as http://proxy.example.org:3128, got "http://a..b"',
    ],
  },
  {
    name: 'the proxy of the environment for a URL that is none',
    text: file(`    paths:\n      internal: { url: "nowhere", proxy: env }\n`, goodCheck),
    problems: [
      'c.yaml:5:24: registries.gitea.paths.internal.url: expected a URL that starts with http:// or https:// such as https://registry.example.org, got "nowhere"',
    ],
  },
  {
    name: 'chunk size of a client that has its own',
    text: check('size: 1MiB, every: 1m, clients: [docker], chunkSize: 1MiB'),
    problems: ['c.yaml:7:65: checks.small.chunkSize: expected only with client chunked, got it with docker'],
  },
  {
    name: 'empty chunks',
    text: check('size: 1MiB, every: 1m, clients: [chunked], chunkSize: 0B'),
    problems: [
      'c.yaml:7:66: checks.small.chunkSize: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got "0B"',
    ],
  },
  {
    name: 'unknown key',
    text: file(`    cleanUp: delete\n${goodPaths}`, goodCheck),
    problems: [
      'c.yaml:4:5: registries.gitea.cleanUp: expected one of repository, credentials, cleanup, paths as key, got unknown key "cleanUp"; did you mean "cleanup"?',
    ],
  },
  {
    name: 'unknown key far',
    text: file(`    colour: red\n${goodPaths}`, goodCheck),
    problems: [
      'c.yaml:4:5: registries.gitea.colour: expected one of repository, credentials, cleanup, paths as key, got unknown key "colour"',
    ],
  },
  {
    name: 'unknown key root',
    text: top('budgets: {}\n'),
    problems: [
      'c.yaml:8:1: budgets: expected one of registries, checks, limits, budget, metrics, retryWaitScale, excludeTainted, ledgerFile as key, got unknown key "budgets"; did you mean "budget"?',
    ],
  },
  {
    name: 'unknown key in a path',
    text: path('conectTo: "h:1"'),
    problems: [
      'c.yaml:5:45: registries.gitea.paths.internal.conectTo: expected one of url, kind, connectTo, dns, family, localAddress, proxy, headers, tls, allowHosts, realm as key, got unknown key "conectTo"; did you mean "connectTo"?',
    ],
  },
  {
    name: 'bad size',
    text: check('size: 150 Megs, every: 1m, clients: [docker]'),
    problems: [
      'c.yaml:7:18: checks.small.size: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got "150 Megs"',
    ],
  },
  {
    name: 'size without unit',
    text: check('size: 1048576, every: 1m, clients: [docker]'),
    problems: [
      'c.yaml:7:18: checks.small.size: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got 1048576',
    ],
  },
  {
    name: 'size of part of a byte',
    text: check('size: 0.1KiB, every: 1m, clients: [docker]'),
    problems: [
      'c.yaml:7:18: checks.small.size: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got "0.1KiB"',
    ],
  },
  {
    name: 'negative size',
    text: check('size: -1MiB, every: 1m, clients: [docker]'),
    problems: [
      'c.yaml:7:18: checks.small.size: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got "-1MiB"',
    ],
  },
  {
    name: 'zero size',
    text: check('size: 0B, every: 1m, clients: [docker]'),
    problems: [
      'c.yaml:7:18: checks.small.size: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got "0B"',
    ],
  },
  {
    name: 'bad layer',
    text: check('layers: [1MiB, 1Mb], every: 1m, clients: [docker]'),
    problems: [
      'c.yaml:7:27: checks.small.layers[1]: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got "1Mb"',
    ],
  },
  {
    name: 'empty layers',
    text: check('layers: [], every: 1m, clients: [docker]'),
    problems: ['c.yaml:7:20: checks.small.layers: expected at least one of the layer sizes, got an empty list'],
  },
  {
    name: 'layers and size',
    text: check('size: 1MiB, layers: [1MiB], every: 1m, clients: [docker]'),
    problems: ['c.yaml:7:10: checks.small: expected exactly one of size, layers, got both'],
  },
  {
    name: 'neither size nor layers',
    text: check('every: 1m, clients: [docker]'),
    problems: ['c.yaml:7:10: checks.small: expected exactly one of size, layers, got none'],
  },
  {
    name: 'bad duration',
    text: check('size: 1MiB, every: 5 minutes, clients: [docker]'),
    problems: [
      'c.yaml:7:31: checks.small.every: expected a duration such as 90s or 1h30m, more than 0 and less than 25d (units y w d h m s ms, in this order), got "5 minutes"',
    ],
  },
  {
    name: 'duration order',
    text: check('size: 1MiB, every: 30m1h, clients: [docker]'),
    problems: [
      'c.yaml:7:31: checks.small.every: expected a duration such as 90s or 1h30m, more than 0 and less than 25d (units y w d h m s ms, in this order), got "30m1h"',
    ],
  },
  {
    name: 'negative duration',
    text: check('size: 1MiB, every: -5m, clients: [docker]'),
    problems: [
      'c.yaml:7:31: checks.small.every: expected a duration such as 90s or 1h30m, more than 0 and less than 25d (units y w d h m s ms, in this order), got "-5m"',
    ],
  },
  {
    name: 'duration beyond timers',
    text: check('size: 1MiB, every: 30d, clients: [docker]'),
    problems: [
      'c.yaml:7:31: checks.small.every: expected a duration such as 90s or 1h30m, more than 0 and less than 25d (units y w d h m s ms, in this order), got "30d"',
    ],
  },
  {
    name: 'missing every',
    text: check('size: 1MiB, clients: [docker]'),
    problems: [
      'c.yaml:7:3: checks.small.every: expected a duration such as 90s or 1h30m, more than 0 and less than 25d (units y w d h m s ms, in this order), got nothing',
    ],
  },
  {
    name: 'interval shorter than timeout',
    text: check('size: 1MiB, every: 1m, timeout: 90s, clients: [docker]'),
    problems: ['c.yaml:7:31: checks.small.every: expected an interval of at least timeout (90s), got 1m'],
  },
  {
    name: 'unknown client',
    text: check('size: 1MiB, every: 1m, clients: [dokcer]'),
    problems: [
      `c.yaml:7:45: checks.small.clients[0]: expected one of ${clientNames.join(', ')}, got "dokcer"; did you mean "docker"?`,
    ],
  },
  {
    name: 'client twice',
    text: check('size: 1MiB, every: 1m, clients: [docker, docker]'),
    problems: ['c.yaml:7:53: checks.small.clients[1]: expected each name once, got "docker" again'],
  },
  {
    name: 'no client',
    text: check('size: 1MiB, every: 1m, clients: []'),
    problems: ['c.yaml:7:44: checks.small.clients: expected at least one of the clients, got an empty list'],
  },
  {
    name: 'client as text',
    text: check('size: 1MiB, every: 1m, clients: docker'),
    problems: ['c.yaml:7:44: checks.small.clients: expected a list of clients, got "docker"'],
  },
  {
    name: 'missing clients',
    text: check('size: 1MiB, every: 1m'),
    problems: ['c.yaml:7:3: checks.small.clients: expected a list of clients, got nothing'],
  },
  {
    name: 'client number',
    text: check('size: 1MiB, every: 1m, clients: [7]'),
    problems: [`c.yaml:7:45: checks.small.clients[0]: expected one of ${clientNames.join(', ')}, got 7`],
  },
  {
    name: 'registry number',
    text: check('size: 1MiB, every: 1m, clients: [docker], registries: [7]'),
    problems: [
      'c.yaml:7:67: checks.small.registries[0]: expected a name of at most 63 letters, digits, ".", "_" and "-" that starts with a letter or digit, got 7',
    ],
  },
  {
    name: 'registries as text',
    text: check('size: 1MiB, every: 1m, clients: [docker], registries: gitea'),
    problems: ['c.yaml:7:66: checks.small.registries: expected a list of registries, got "gitea"'],
  },
  {
    name: 'unknown registry in check',
    text: check('size: 1MiB, every: 1m, clients: [docker], registries: [gite]'),
    problems: [
      'c.yaml:7:67: checks.small.registries[0]: expected a known registry (gitea), got "gite"; did you mean "gitea"?',
    ],
  },
  {
    name: 'unknown path in check',
    text: check('size: 1MiB, every: 1m, clients: [docker], paths: [external]'),
    problems: [
      'c.yaml:7:62: checks.small.paths[0]: expected a known path (internal), got "external"; did you mean "internal"?',
    ],
  },
  {
    name: 'registry without the path',
    text: file(
      goodPaths,
      `  small: { size: 1MiB, every: 1m, clients: [docker], registries: [gitea, hub], paths: [internal] }\n`,
    ).replace('checks:', '  hub: { repository: a, paths: { public: { url: "https://192.0.2.2" } } }\nchecks:'),
    problems: [
      'c.yaml:8:74: checks.small.registries[1]: expected a registry with one of the paths internal, got "hub"',
    ],
  },
  {
    name: 'bad retries',
    text: check('size: 1MiB, every: 1m, clients: [docker], retries: never'),
    problems: ['c.yaml:7:63: checks.small.retries: expected profile, none or a number from 1 to 100, got "never"'],
  },
  {
    name: 'bad retries 0',
    text: check('size: 1MiB, every: 1m, clients: [docker], retries: 0'),
    problems: ['c.yaml:7:63: checks.small.retries: expected a number of at least 1, got 0'],
  },
  {
    name: 'bad payload',
    text: check('size: 1MiB, every: 1m, clients: [docker], payload: { rotate: 0 }'),
    problems: ['c.yaml:7:73: checks.small.payload.rotate: expected a number of at least 1, got 0'],
  },
  {
    name: 'bad pull',
    text: check('size: 1MiB, every: 1m, clients: [docker], pull: yes'),
    problems: ['c.yaml:7:60: checks.small.pull: expected true or false, got "yes"'],
  },
  {
    name: 'missing checks',
    text: file(goodPaths, ''),
    problems: ['c.yaml:6:1: checks: expected a map of checks by name, got nothing'],
  },
  {
    name: 'empty checks',
    text: file(goodPaths, '').replace('checks:', 'checks: {}'),
    problems: ['c.yaml:6:9: checks: expected at least one of the checks, got an empty map'],
  },
  {
    name: 'check name',
    text: file(goodPaths, '  "a b": { size: 1MiB, every: 1m, clients: [docker] }\n'),
    problems: [
      'c.yaml:7:3: checks."a b": expected a name of at most 63 letters, digits, ".", "_" and "-" that starts with a letter or digit, got "a b"',
    ],
  },
  {
    name: 'check number',
    text: file(goodPaths, '  1: { size: 1MiB, every: 1m, clients: [docker] }\n'),
    problems: ['c.yaml:7:3: checks: expected a string as key, got 1; quote it'],
  },
  {
    name: 'prototype',
    text: file(goodPaths, goodCheck + '  __proto__: { size: 1MiB, every: 1m, clients: [docker] }\n'),
    problems: ['c.yaml:8:3: checks: expected a string as key, got __proto__'],
  },
  {
    name: 'duplicate name',
    text: file(goodPaths, goodCheck + goodCheck),
    problems: ['c.yaml:8:3: checks.small: expected each name once, got a duplicate name (first at 7:3)'],
  },
  {
    name: 'duplicate key',
    text: file('    repository: other\n' + goodPaths, goodCheck),
    problems: ['c.yaml:4:5: registries.gitea.repository: expected each name once, got a duplicate name (first at 3:5)'],
  },
  {
    name: 'path without url',
    text: file(`    paths:\n      internal: { kind: internal }\n`, goodCheck),
    problems: [
      'c.yaml:5:7: registries.gitea.paths.internal.url: expected a URL that starts with http:// or https:// such as https://registry.example.org, got nothing',
    ],
  },
  {
    name: 'path null',
    text: file(`    paths:\n      internal:\n`, goodCheck),
    problems: ['c.yaml:5:7: registries.gitea.paths.internal: expected a map with url, got nothing'],
  },
  {
    name: 'empty paths',
    text: file(`    paths: {}\n`, goodCheck),
    problems: ['c.yaml:4:12: registries.gitea.paths: expected at least one of the paths, got an empty map'],
  },
  {
    name: 'missing paths',
    text: file('', goodCheck),
    problems: ['c.yaml:2:3: registries.gitea.paths: expected a map of paths by name, got nothing'],
  },
  {
    name: 'empty registries',
    text: `registries: {}\nchecks:\n${goodCheck}`,
    problems: ['c.yaml:1:13: registries: expected at least one of the registries, got an empty map'],
  },
  {
    name: 'missing registries',
    text: `checks:\n${goodCheck}`,
    problems: ['c.yaml:1:1: registries: expected a map of registries by name, got nothing'],
  },
  {
    name: 'url without scheme',
    text: url('git.example.org'),
    problems: [
      'c.yaml:5:24: registries.gitea.paths.internal.url: expected a URL that starts with http:// or https:// such as https://registry.example.org, got "git.example.org"',
    ],
  },
  {
    name: 'url other scheme',
    text: url('ftp://git.example.org'),
    problems: [
      'c.yaml:5:24: registries.gitea.paths.internal.url: expected a URL that starts with http:// or https:// such as https://registry.example.org, got "ftp://git.example.org"',
    ],
  },
  {
    name: 'url with userinfo',
    text: url('https://probe:hunter2@git.example.org'),
    problems: [
      'c.yaml:5:24: registries.gitea.paths.internal.url: expected a URL without user name and password (they have keys of their own), got "<secret>@git.example.org"',
    ],
  },
  {
    name: 'userinfo without scheme',
    text: url('probe:hunter2@git.example.org'),
    problems: [
      'c.yaml:5:24: registries.gitea.paths.internal.url: expected a URL that starts with http:// or https:// such as https://registry.example.org, got "<secret>@git.example.org"',
    ],
  },
  {
    name: 'url with path',
    text: url('https://git.example.org/v2/'),
    problems: [
      'c.yaml:5:24: registries.gitea.paths.internal.url: expected a URL without path (/v2/ is added; the registry must stand at the root of its host), got "https://git.example.org/v2/"',
    ],
  },
  {
    name: 'url with query',
    text: url('https://git.example.org?a=b'),
    problems: [
      'c.yaml:5:24: registries.gitea.paths.internal.url: expected a URL without query and fragment, got "https://git.example.org?<secret>"',
    ],
  },
  {
    name: 'url port',
    text: url('https://git.example.org:99999'),
    problems: [
      'c.yaml:5:24: registries.gitea.paths.internal.url: expected a URL that starts with http:// or https:// such as https://registry.example.org, got "https://git.example.org:99999"',
    ],
  },
  {
    name: 'url number',
    text: url('8080'),
    problems: [
      'c.yaml:5:24: registries.gitea.paths.internal.url: expected a URL that starts with http:// or https:// such as https://registry.example.org, got 8080',
    ],
  },
  {
    name: 'bad kind',
    text: path('kind: egde'),
    problems: [
      'c.yaml:5:51: registries.gitea.paths.internal.kind: expected one of direct, edge, ingress, loadbalancer, internal, got "egde"; did you mean "edge"?',
    ],
  },
  {
    name: 'bad family',
    text: path('family: 5'),
    problems: ['c.yaml:5:53: registries.gitea.paths.internal.family: expected one of ipv4, ipv6, 4, 6, got 5'],
  },
  {
    name: 'family and address',
    text: path('family: ipv4, localAddress: "2001:db8::1"'),
    problems: [
      'c.yaml:5:73: registries.gitea.paths.internal.localAddress: expected an IPv4 address as family says, got an IPv6 address',
    ],
  },
  {
    name: 'bad connectTo',
    text: path('connectTo: ingress.example.org'),
    problems: [
      'c.yaml:5:56: registries.gitea.paths.internal.connectTo: expected host:port such as ingress.example.org:443 or [2001:db8::1]:443, got "ingress.example.org"',
    ],
  },
  {
    name: 'bad connectTo port',
    text: path('connectTo: "ingress.example.org:0"'),
    problems: [
      'c.yaml:5:56: registries.gitea.paths.internal.connectTo: expected host:port such as ingress.example.org:443 or [2001:db8::1]:443, got "ingress.example.org:0"',
    ],
  },
  {
    name: 'connectTo with url',
    text: path('connectTo: "https://ingress:443"'),
    problems: [
      'c.yaml:5:56: registries.gitea.paths.internal.connectTo: expected host:port such as ingress.example.org:443 or [2001:db8::1]:443, got "https://ingress:443"',
    ],
  },
  {
    name: 'dns name',
    text: path('dns: [resolver.example.org]'),
    problems: [
      'c.yaml:5:51: registries.gitea.paths.internal.dns[0]: expected an IP address, or address:port, of a resolver, got "resolver.example.org"',
    ],
  },
  {
    name: 'dns text',
    text: path('dns: 192.0.2.53'),
    problems: ['c.yaml:5:50: registries.gitea.paths.internal.dns: expected a list of resolvers, got "192.0.2.53"'],
  },
  {
    name: 'localAddress',
    text: path('localAddress: eth0'),
    problems: ['c.yaml:5:59: registries.gitea.paths.internal.localAddress: expected an IP address, got "eth0"'],
  },
  {
    name: 'header reserved',
    text: path('headers: { Host: other.example.org }'),
    problems: [
      'c.yaml:5:56: registries.gitea.paths.internal.headers.Host: expected the name of a header that is free to set (not connection, content-length, content-range, content-type, expect, host, keep-alive, te, trailer, transfer-encoding, upgrade), got "Host"',
    ],
  },
  {
    name: 'header twice, in another case',
    text: path('headers: { x-probe: a, X-Probe: b }'),
    problems: [
      'c.yaml:5:77: registries.gitea.paths.internal.headers.X-Probe: expected each header once, got it as x-probe too',
    ],
  },
  {
    name: 'header name',
    text: path('headers: { "X Probe": a }'),
    problems: [
      'c.yaml:5:56: registries.gitea.paths.internal.headers."X Probe": expected the name of an HTTP header, got "X Probe"',
    ],
  },
  {
    name: 'header value',
    text: path('headers: { X-Probe: "a\\r\\nX-Evil: b" }'),
    problems: [
      'c.yaml:5:65: registries.gitea.paths.internal.headers.X-Probe: expected the value of an HTTP header (a string of visible Latin-1 characters), got a string',
    ],
  },
  {
    name: 'header number',
    text: path('headers: { X-Probe: 12345 }'),
    problems: [
      'c.yaml:5:65: registries.gitea.paths.internal.headers.X-Probe: expected the value of an HTTP header (a string of visible Latin-1 characters), got a number (quote it)',
    ],
  },
  {
    name: 'header twice',
    text: path('headers: { x-probe: a, X-Probe: b }'),
    problems: [
      'c.yaml:5:77: registries.gitea.paths.internal.headers.X-Probe: expected each header once, got it as x-probe too',
    ],
  },
  {
    name: 'allowHosts url',
    text: path('allowHosts: ["https://auth.example.org"]'),
    problems: [
      'c.yaml:5:58: registries.gitea.paths.internal.allowHosts[0]: expected a host or host:port such as registry.example.org or [2001:db8::1]:443, got "https://auth.example.org"',
    ],
  },
  {
    name: 'bad realm',
    text: path('realm: rewirte'),
    problems: [
      'c.yaml:5:52: registries.gitea.paths.internal.realm: expected one of follow, rewrite, got "rewirte"; did you mean "rewrite"?',
    ],
  },
  {
    name: 'tls on http',
    text: file(`    paths:\n      internal: { url: "http://192.0.2.1", tls: { insecure: true } }\n`, goodCheck),
    problems: [
      'c.yaml:5:49: registries.gitea.paths.internal.tls: expected tls settings only beside an https url, got them beside an http url',
    ],
  },
  {
    name: 'tls cert without key',
    text: path('tls: { certFile: /tls/cert.pem }'),
    problems: [
      'c.yaml:5:50: registries.gitea.paths.internal.tls: expected certFile and keyFile together, got only certFile',
    ],
  },
  {
    name: 'tls missing ca',
    text: path('tls: { caFile: /tls/missing.pem }'),
    problems: [
      'c.yaml:5:60: registries.gitea.paths.internal.tls.caFile: expected a readable file, got "/tls/missing.pem" (ENOENT)',
    ],
  },
  {
    name: 'tls version',
    text: path('tls: { minVersion: 1.2 }'),
    problems: [
      'c.yaml:5:64: registries.gitea.paths.internal.tls.minVersion: expected one of TLSv1.2, TLSv1.3, got 1.2',
    ],
  },
  {
    name: 'tls version text',
    text: path('tls: { minVersion: TLS1.2 }'),
    problems: [
      'c.yaml:5:64: registries.gitea.paths.internal.tls.minVersion: expected one of TLSv1.2, TLSv1.3, got "TLS1.2"; did you mean "TLSv1.2"?',
    ],
  },
  {
    name: 'tls serverName',
    text: path('tls: { serverName: "a:1" }'),
    problems: ['c.yaml:5:64: registries.gitea.paths.internal.tls.serverName: expected a host name, got "a:1"'],
  },
  {
    name: 'tls insecure',
    text: path('tls: { insecure: "true" }'),
    problems: ['c.yaml:5:62: registries.gitea.paths.internal.tls.insecure: expected true or false, got "true"'],
  },
  {
    name: 'proxy https',
    text: path('proxy: { url: "https://proxy:3128" }'),
    problems: [
      'c.yaml:5:59: registries.gitea.paths.internal.proxy.url: expected the URL of an HTTP proxy such as http://proxy.example.org:3128, got "https://proxy:3128"',
    ],
  },
  {
    name: 'proxy userinfo',
    text: path('proxy: { url: "http://u:hunter2@proxy:3128" }'),
    problems: [
      'c.yaml:5:59: registries.gitea.paths.internal.proxy.url: expected a URL without user name and password (they have keys of their own), got "<secret>@proxy:3128"',
    ],
  },
  {
    name: 'proxy text',
    text: path('proxy: "http://u:hunter2@proxy:3128"'),
    problems: ['c.yaml:5:52: registries.gitea.paths.internal.proxy: expected `env`, or a map with url, got a string'],
  },
  {
    name: 'proxy password only',
    text: path('proxy: { url: "http://proxy:3128", password: hunter2 }'),
    problems: ['c.yaml:5:52: registries.gitea.paths.internal.proxy: expected username beside password, got nothing'],
  },
  {
    name: 'proxy missing secret',
    text: path('proxy: { url: "http://proxy:3128", username: u, passwordEnv: PROXY_PASSWORD }'),
    problems: [
      'c.yaml:5:106: registries.gitea.paths.internal.proxy.passwordEnv: expected an environment variable with the secret, got "PROXY_PASSWORD": the variable is not set',
    ],
  },
  {
    name: 'credentials text',
    text: credentials('probe:hunter2'),
    problems: ['c.yaml:4:18: registries.gitea.credentials: expected a map, got a string'],
  },
  {
    name: 'credentials empty',
    text: credentials('{}'),
    problems: [
      'c.yaml:4:18: registries.gitea.credentials: expected exactly one of username with a password, a token, an identity token, dockerConfig, got none',
    ],
  },
  {
    name: 'username only',
    text: credentials('{ username: probe }'),
    problems: [
      'c.yaml:4:18: registries.gitea.credentials: expected one of password, passwordFile, passwordEnv beside username, got none',
    ],
  },
  {
    name: 'password without a value',
    text: credentials('{ username: probe, password: }'),
    problems: ['c.yaml:4:37: registries.gitea.credentials.password: expected a string, got nothing'],
  },
  {
    name: 'secret file of two lines',
    text: credentials('{ username: probe, passwordFile: /run/secrets/open-lines }'),
    problems: [
      'c.yaml:4:51: registries.gitea.credentials.passwordFile: expected a readable file with the secret, got "/run/secrets/open-lines": the file holds more than one line of text',
    ],
  },
  {
    name: 'secret file of another encoding',
    text: credentials('{ username: probe, passwordFile: /run/secrets/latin1 }'),
    problems: [
      'c.yaml:4:51: registries.gitea.credentials.passwordFile: expected a readable file with the secret, got "/run/secrets/latin1": the file holds text that is not UTF-8',
    ],
  },
  {
    name: 'password only',
    text: credentials('{ password: hunter2 }'),
    problems: ['c.yaml:4:18: registries.gitea.credentials: expected username beside password, got nothing'],
  },
  {
    name: 'two passwords',
    text: credentials('{ username: probe, password: hunter2, passwordEnv: REGISTRY_PASSWORD }'),
    problems: [
      'c.yaml:4:18: registries.gitea.credentials: expected only one of password, passwordFile, passwordEnv, got password and passwordEnv',
    ],
  },
  {
    name: 'two ways',
    text: credentials('{ username: probe, password: hunter2, token: hunter3 }'),
    problems: [
      'c.yaml:4:18: registries.gitea.credentials: expected exactly one of username with a password, a token, an identity token, dockerConfig, got username and token',
    ],
  },
  {
    name: 'password number',
    text: credentials('{ username: probe, password: 12345678 }'),
    problems: ['c.yaml:4:47: registries.gitea.credentials.password: expected a string, got a number (quote it)'],
  },
  {
    name: 'password list',
    text: credentials('{ username: probe, password: [hunter2] }'),
    problems: ['c.yaml:4:47: registries.gitea.credentials.password: expected a string, got a list'],
  },
  {
    name: 'password typo',
    text: credentials('{ username: probe, pasword: hunter2 }'),
    problems: [
      'c.yaml:4:18: registries.gitea.credentials: expected one of password, passwordFile, passwordEnv beside username, got none',
      'c.yaml:4:37: registries.gitea.credentials.pasword: expected one of username, password, passwordFile, passwordEnv, token, tokenFile, tokenEnv, identityToken, identityTokenFile, identityTokenEnv, dockerConfig as key, got unknown key "pasword"; did you mean "password"?',
    ],
  },
  {
    name: 'missing secret file',
    text: credentials('{ username: probe, passwordFile: /run/secrets/missing }'),
    problems: [
      'c.yaml:4:51: registries.gitea.credentials.passwordFile: expected a readable file with the secret, got "/run/secrets/missing": the file cannot be read (ENOENT)',
    ],
  },
  {
    name: 'password as file',
    text: credentials('{ username: probe, passwordFile: hunter2 }'),
    problems: [
      'c.yaml:4:51: registries.gitea.credentials.passwordFile: expected a readable file with the secret, got a name: the file cannot be read (ENOENT)',
    ],
  },
  {
    name: 'secret file empty',
    text: credentials('{ username: probe, passwordFile: /run/secrets/empty }'),
    problems: [
      'c.yaml:4:51: registries.gitea.credentials.passwordFile: expected a readable file with the secret, got "/run/secrets/empty": the file is empty',
    ],
  },
  {
    name: 'secret file lines',
    text: credentials('{ username: probe, passwordFile: /run/secrets/lines }'),
    problems: [
      'c.yaml:4:51: registries.gitea.credentials.passwordFile: expected a readable file with the secret, got "/run/secrets/lines": the file holds more than one line of text',
    ],
  },
  {
    name: 'unset variable',
    text: credentials('{ username: probe, passwordEnv: UNSET_VARIABLE }'),
    problems: [
      'c.yaml:4:50: registries.gitea.credentials.passwordEnv: expected an environment variable with the secret, got "UNSET_VARIABLE": the variable is not set',
    ],
  },
  {
    name: 'variable name',
    text: credentials('{ username: probe, passwordEnv: $REGISTRY_PASSWORD }'),
    problems: [
      'c.yaml:4:50: registries.gitea.credentials.passwordEnv: expected the name of an environment variable, got "$REGISTRY_PASSWORD"',
    ],
  },
  {
    name: 'missing docker config',
    text: credentials('{ dockerConfig: ./missing.json }'),
    problems: [
      'c.yaml:4:34: registries.gitea.credentials.dockerConfig: expected a readable file, got "./missing.json" (ENOENT)',
    ],
  },
  {
    name: 'bad repository',
    text: file(goodPaths, goodCheck).replace('platform/blobprobe', 'Platform/Blobprobe'),
    problems: [
      'c.yaml:3:17: registries.gitea.repository: expected a repository such as platform/blobprobe (lower case, at most 255 characters), got "Platform/Blobprobe"',
    ],
  },
  {
    name: 'bad cleanup',
    text: file('    cleanup: deleted\n' + goodPaths, goodCheck),
    problems: [
      'c.yaml:4:14: registries.gitea.cleanup: expected one of delete, cancel, keep, got "deleted"; did you mean "delete"?',
    ],
  },
  {
    name: 'limits without upTo',
    text: top('limits: { every: 24h }\n'),
    problems: [
      'c.yaml:8:1: limits.upTo: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got nothing',
    ],
  },
  {
    name: 'limits resolution',
    text: top('limits: { every: 24h, upTo: 1MiB, resolution: 2MiB }\n'),
    problems: ['c.yaml:8:47: limits.resolution: expected at most upTo (1MiB), got 2MiB'],
  },
  {
    name: 'limits unknown path',
    text: top('limits: { every: 24h, upTo: 1MiB, paths: [intrenal] }\n'),
    problems: [
      'c.yaml:8:43: limits.paths[0]: expected a known path (internal), got "intrenal"; did you mean "internal"?',
    ],
  },
  {
    name: 'budget exceeded',
    text: top('budget: { bytesPerDay: 1GiB }\n'),
    problems: [
      'c.yaml:8:24: budget.bytesPerDay: expected at least the 1440MiB that the checks move in a day without a single retry, got 1GiB',
    ],
  },
  {
    name: 'bad bandwidth',
    text: top('budget: { bandwidth: 25MB/s }\n'),
    problems: [
      'c.yaml:8:22: budget.bandwidth: expected a bit rate of at least 1bit/s such as 200Mbit/s (units bit/s kbit/s Mbit/s Gbit/s Tbit/s), got "25MB/s"',
    ],
  },
  {
    name: 'bad transfers',
    text: top('budget: { transfers: 0 }\n'),
    problems: ['c.yaml:8:22: budget.transfers: expected a number of at least 1, got 0'],
  },
  {
    name: 'transfers fraction',
    text: top('budget: { transfers: 1.5 }\n'),
    problems: ['c.yaml:8:22: budget.transfers: expected a whole number, got 1.5'],
  },
  {
    name: 'retryWaitScale',
    text: top('retryWaitScale: -1\n'),
    problems: ['c.yaml:8:17: retryWaitScale: expected a number of at least 0, got -1'],
  },
  {
    name: 'retryWaitScale2',
    text: top('retryWaitScale: 11\n'),
    problems: ['c.yaml:8:17: retryWaitScale: expected a number of at most 10, got 11'],
  },
  {
    name: 'retryWaitScale nan',
    text: top('retryWaitScale: .nan\n'),
    problems: ['c.yaml:8:17: retryWaitScale: expected a number, got NaN'],
  },
  {
    name: 'ledgerFile',
    text: top('ledgerFile: ""\n'),
    problems: ['c.yaml:8:13: ledgerFile: expected a file name that is not empty, got ""'],
  },
  {
    name: 'syntax tab',
    text: file(goodPaths, goodCheck).replace('  gitea:', '\tgitea:'),
    problems: ['c.yaml:2:1: expected spaces as indentation, got a tab'],
  },
  {
    name: 'syntax flow',
    text: 'registries: {\n',
    problems: [
      'c.yaml:2:1: expected an indentation that fits the lines above, and each { and [ closed, got something else',
    ],
  },
  {
    name: 'syntax quote',
    text: credentials('{ username: probe, password: "hunter2 }'),
    problems: [
      'c.yaml:4:57: expected a closing quote or bracket, a comma or a space, got something else',
      'c.yaml:5:5: expected an indentation that fits the lines above, and each { and [ closed, got something else',
    ],
  },
  {
    name: 'syntax colon',
    text: 'registries: a: hunter2\n',
    problems: ['c.yaml:1:13: expected one "key: value" on a line, got a second; quote a value that holds ": "'],
  },
  {
    name: 'syntax tag',
    text: credentials('{ username: probe, password: !hunter2 x }'),
    problems: ['c.yaml:4:47: expected no tag, got one that this file cannot have; quote a value that starts with "!"'],
  },
  {
    name: 'syntax alias',
    text: credentials('{ username: probe, password: *hunter2 }'),
    problems: [
      'c.yaml:4:18: registries.gitea.credentials: expected one of password, passwordFile, passwordEnv beside username, got none',
      'c.yaml:4:47: registries.gitea.credentials.password: expected an alias of an anchor that ends above it, got one that does not',
    ],
  },
  {
    name: 'syntax at',
    text: credentials('{ username: probe, password: @hunter2 }'),
    problems: ['c.yaml:4:47: expected a value that starts with a plain character, got a reserved one; quote the value'],
  },
  {
    name: 'syntax documents',
    text: file(goodPaths, goodCheck) + '---\n' + file(goodPaths, goodCheck),
    problems: ['c.yaml:8:1: expected one YAML document, got several'],
  },
  { name: 'empty file', text: '', problems: ['c.yaml:1:1: expected a map with registries and checks, got nothing'] },
  {
    name: 'only comments',
    text: '# nothing\n',
    problems: ['c.yaml:1:1: expected a map with registries and checks, got nothing'],
  },
  {
    name: 'root list',
    text: '- registries\n',
    problems: ['c.yaml:1:1: expected a map with registries and checks, got a list'],
  },
  {
    name: 'root text',
    text: 'hunter2\n',
    problems: ['c.yaml:1:1: expected a map with registries and checks, got a string'],
  },
  {
    name: 'merge key',
    text: file(
      goodPaths,
      '  small: &s { size: 1MiB, every: 1m, clients: [docker] }\n  other: { <<: *s, size: 2MiB }\n',
    ),
    problems: [
      'c.yaml:8:3: checks.other.every: expected a duration such as 90s or 1h30m, more than 0 and less than 25d (units y w d h m s ms, in this order), got nothing',
      'c.yaml:8:3: checks.other.clients: expected a list of clients, got nothing',
      'c.yaml:8:12: checks.other."<<": expected one of size, layers, every, timeout, clients, registries, paths, chunkSize, pull, neighbour, retries, payload as key, got unknown key "<<"; merge keys are of YAML 1.1: write the keys out',
    ],
  },
  {
    name: 'IPv6 without brackets',
    text: url('http://2001:db8::1:5000'),
    problems: [
      'c.yaml:5:24: registries.gitea.paths.internal.url: expected a URL that starts with http:// or https:// such as https://registry.example.org, got "http://2001:db8::1:5000"; an IPv6 address with a port stands in brackets: [2001:db8::1]:443',
    ],
  },
  {
    name: 'repository with a tag',
    text: file(goodPaths, goodCheck).replace('platform/blobprobe', 'platform/blobprobe:latest'),
    problems: [
      'c.yaml:3:17: registries.gitea.repository: expected a repository such as platform/blobprobe (lower case, at most 255 characters), got "platform/blobprobe:latest"; without a tag or digest: blobs have none',
    ],
  },
  {
    name: 'size too large',
    text: file(goodPaths, '  small: { size: 9999999TB, every: 1m, clients: [docker] }\n'),
    problems: [
      'c.yaml:7:18: checks.small.size: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got "9999999TB"; more than 8191TiB cannot be counted',
    ],
  },
  {
    name: 'repository with a host and its port',
    text: file(goodPaths, goodCheck).replace('platform/blobprobe', 'git.example.org:5000/blobprobe'),
    problems: [
      'c.yaml:3:17: registries.gitea.repository: expected a repository such as platform/blobprobe (lower case, at most 255 characters), got "git.example.org:5000/blobprobe"',
    ],
  },
  {
    name: 'layer too large',
    text: check('layers: [1MiB, 9999999TB], every: 1m, clients: [docker]'),
    problems: [
      'c.yaml:7:27: checks.small.layers[1]: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got "9999999TB"; more than 8191TiB cannot be counted',
    ],
  },
  {
    name: 'size of part of a byte, just small enough',
    text: check('size: 8191.99TiB, every: 1m, clients: [docker]'),
    problems: [
      'c.yaml:7:18: checks.small.size: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got "8191.99TiB"',
    ],
  },
  {
    name: 'password as a reference to a variable',
    text: credentials('{ username: probe, password: "${REGISTRY_PASSWORD}" }'),
    problems: [
      'c.yaml:4:47: registries.gitea.credentials.password: expected the secret itself, got the name of a variable; write passwordEnv: REGISTRY_PASSWORD',
    ],
  },
  {
    name: 'the same registry twice',
    text: 'registries:\n  a: &a { repository: x, paths: { p: { url: "http://192.0.2.1" } } }\n  b: *a\nchecks:\n  s: { size: 1MiB, every: 1m, clients: [docker] }\n',
    problems: [
      'c.yaml:2:9: registries.b: expected each registry once, got the repository, addresses and login of a again',
    ],
  },
  {
    name: 'proxy that is no word',
    text: url('https://git.example.org, proxy: environment'),
    problems: ['c.yaml:5:56: registries.gitea.paths.internal.proxy: expected `env`, or a map with url, got a string'],
  },
  {
    name: 'alias in itself',
    text: file(goodPaths, goodCheck) + 'budget: &b { transfers: *b }\n',
    problems: [
      'c.yaml:8:12: budget.transfers: expected a number, got a map',
      'c.yaml:8:25: budget.transfers.transfers: expected an alias of an anchor that ends above it, got one that does not',
    ],
  },
  {
    name: 'missing colon',
    text: file(goodPaths, goodCheck) + 'retryWaitScale 1\n',
    problems: ['c.yaml:8:1: expected a closing quote or bracket, a comma or a space, got something else'],
  },
  {
    name: 'path as text',
    text: file(`    paths:\n      internal: https://u:hunter2@git.example.org\n`, goodCheck),
    problems: ['c.yaml:5:17: registries.gitea.paths.internal: expected a map with url, got "<secret>@git.example.org"'],
  },
  {
    name: 'url with fragment',
    text: url('"https://git.example.org/#a"'),
    problems: [
      'c.yaml:5:24: registries.gitea.paths.internal.url: expected a URL without query and fragment, got "https://git.example.org/#a"',
    ],
  },
  {
    name: 'url with a token',
    text: url('https://git.example.org?token=hunter2'),
    problems: [
      'c.yaml:5:24: registries.gitea.paths.internal.url: expected a URL without query and fragment, got "https://git.example.org?<secret>"',
    ],
  },
  {
    name: 'password number as file',
    text: credentials('{ username: probe, passwordFile: 12345678 }'),
    problems: ['c.yaml:4:51: registries.gitea.credentials.passwordFile: expected a file name, got a number (quote it)'],
  },
  {
    name: 'password as variable',
    text: credentials('{ username: probe, passwordEnv: hunter2! }'),
    problems: [
      'c.yaml:4:50: registries.gitea.credentials.passwordEnv: expected the name of an environment variable, got a string',
    ],
  },
  {
    name: 'password as variable2',
    text: credentials('{ username: probe, passwordEnv: hunter2 }'),
    problems: [
      'c.yaml:4:50: registries.gitea.credentials.passwordEnv: expected an environment variable with the secret, got a name: the variable is not set',
    ],
  },
  {
    name: 'empty password',
    text: credentials('{ username: probe, password: "" }'),
    problems: [
      'c.yaml:4:47: registries.gitea.credentials.password: expected a string that is not empty, got an empty string',
    ],
  },
  {
    name: 'alias bomb',
    text: 'a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n',
    problems: [
      'c.yaml:1:1: registries: expected a map of registries by name, got nothing',
      'c.yaml:1:1: checks: expected a map of checks by name, got nothing',
      'c.yaml:1:1: a: expected one of registries, checks, limits, budget, metrics, retryWaitScale, excludeTainted, ledgerFile as key, got unknown key "a"',
      'c.yaml:1:24: e[7][0][7][0][8]: expected at most 100000 values, got more',
      'c.yaml:2:1: b: expected one of registries, checks, limits, budget, metrics, retryWaitScale, excludeTainted, ledgerFile as key, got unknown key "b"',
      'c.yaml:3:1: c: expected one of registries, checks, limits, budget, metrics, retryWaitScale, excludeTainted, ledgerFile as key, got unknown key "c"',
      'c.yaml:4:1: d: expected one of registries, checks, limits, budget, metrics, retryWaitScale, excludeTainted, ledgerFile as key, got unknown key "d"',
      'c.yaml:5:1: e: expected one of registries, checks, limits, budget, metrics, retryWaitScale, excludeTainted, ledgerFile as key, got unknown key "e"',
      'c.yaml:6:1: f: expected one of registries, checks, limits, budget, metrics, retryWaitScale, excludeTainted, ledgerFile as key, got unknown key "f"',
    ],
  },
  {
    name: 'password with a slash as file',
    text: credentials('{ username: probe, passwordFile: hunter/2 }'),
    problems: [
      'c.yaml:4:51: registries.gitea.credentials.passwordFile: expected a readable file with the secret, got a name: the file cannot be read (ENOENT)',
    ],
  },
  {
    name: 'password as docker config',
    text: credentials('{ dockerConfig: hunter2/x }'),
    problems: ['c.yaml:4:34: registries.gitea.credentials.dockerConfig: expected a readable file, got a name (ENOENT)'],
  },
  {
    name: 'password with capitals as variable',
    text: credentials('{ username: probe, passwordEnv: hunterABC }'),
    problems: [
      'c.yaml:4:50: registries.gitea.credentials.passwordEnv: expected an environment variable with the secret, got a name: the variable is not set',
    ],
  },
  {
    name: 'password that begins as a variable does',
    text: credentials('{ username: probe, passwordEnv: A_hunter2 }'),
    problems: [
      'c.yaml:4:50: registries.gitea.credentials.passwordEnv: expected an environment variable with the secret, got a name: the variable is not set',
    ],
  },
  {
    name: 'tls key without cert',
    text: path('tls: { keyFile: /tls/cert.pem }'),
    problems: [
      'c.yaml:5:50: registries.gitea.paths.internal.tls: expected certFile and keyFile together, got only keyFile',
    ],
  },
  {
    name: 'IPv6 alone and an IPv4 address',
    text: path('family: 6, localAddress: 192.0.2.7'),
    problems: [
      'c.yaml:5:70: registries.gitea.paths.internal.localAddress: expected an IPv6 address as family says, got an IPv4 address',
    ],
  },
  {
    name: 'ipv6 alone and an IPv4 address',
    text: path('family: ipv6, localAddress: 192.0.2.7'),
    problems: [
      'c.yaml:5:73: registries.gitea.paths.internal.localAddress: expected an IPv6 address as family says, got an IPv4 address',
    ],
  },
  {
    name: 'IPv4 alone, as a number, and an IPv6 address',
    text: path('family: 4, localAddress: "2001:db8::7"'),
    problems: [
      'c.yaml:5:70: registries.gitea.paths.internal.localAddress: expected an IPv4 address as family says, got an IPv6 address',
    ],
  },
  {
    name: 'no duration',
    text: check('size: 1MiB, every: 0s, clients: [docker]'),
    problems: [
      'c.yaml:7:31: checks.small.every: expected a duration such as 90s or 1h30m, more than 0 and less than 25d (units y w d h m s ms, in this order), got "0s"',
    ],
  },
  {
    name: 'a millisecond more than timers hold',
    text: check('size: 1MiB, every: 24d20h31m23s648ms, clients: [docker]'),
    problems: [
      'c.yaml:7:31: checks.small.every: expected a duration such as 90s or 1h30m, more than 0 and less than 25d (units y w d h m s ms, in this order), got "24d20h31m23s648ms"',
    ],
  },
  {
    name: 'no bandwidth',
    text: top('budget: { bandwidth: 0bit/s }\n'),
    problems: [
      'c.yaml:8:22: budget.bandwidth: expected a bit rate of at least 1bit/s such as 200Mbit/s (units bit/s kbit/s Mbit/s Gbit/s Tbit/s), got "0bit/s"',
    ],
  },
  {
    name: 'long repository',
    text: `registries: { r: { repository: ${'a'.repeat(256)}, paths: { p: { url: "https://r.example" } } } }\nchecks: { s: { size: 1B, every: 1m, clients: [docker] } }\n`,
    problems: [
      'c.yaml:1:32: registries.r.repository: expected a repository such as platform/blobprobe (lower case, at most 255 characters), got "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"',
    ],
  },
  {
    name: 'registry and path twice',
    text: check('size: 1MiB, every: 1m, clients: [docker], registries: [gitea, gitea], paths: [internal, internal]'),
    problems: [
      'c.yaml:7:74: checks.small.registries[1]: expected each name once, got "gitea" again',
      'c.yaml:7:100: checks.small.paths[1]: expected each name once, got "internal" again',
    ],
  },
  {
    name: 'path of another registry',
    text: 'registries:\n  a: { repository: a, paths: { one: { url: "https://a.example" } } }\n  b: { repository: b, paths: { two: { url: "https://b.example" } } }\nchecks: { s: { size: 1B, every: 1m, clients: [docker], registries: [b], paths: [one] } }\n',
    problems: [
      'c.yaml:4:69: checks.s.registries[0]: expected a registry with one of the paths one, got "b"',
      'c.yaml:4:81: checks.s.paths[0]: expected a known path (two), got "one"',
    ],
  },
  {
    name: 'a path where there is none',
    text: 'registries: { a: { repository: a, paths: {} } }\nchecks: { s: { size: 1B, every: 1m, clients: [docker], paths: [one] } }\n',
    problems: [
      'c.yaml:1:42: registries.a.paths: expected at least one of the paths, got an empty map',
      'c.yaml:2:64: checks.s.paths[0]: expected a known path, got "one"',
    ],
  },
  {
    name: 'chunk size beside two clients',
    text: check('size: 1MiB, every: 1m, clients: [docker, crane], chunkSize: 1MiB'),
    problems: ['c.yaml:7:72: checks.small.chunkSize: expected only with client chunked, got it with docker, crane'],
  },
  {
    name: 'registry without any of the paths',
    text: 'registries:\n  a: { repository: a, paths: { one: { url: "https://a.example" }, two: { url: "https://a2.example" } } }\n  b: { repository: b, paths: { three: { url: "https://b.example" } } }\nchecks: { s: { size: 1B, every: 1m, clients: [docker], registries: [a, b], paths: [one, two] } }\n',
    problems: ['c.yaml:4:72: checks.s.registries[1]: expected a registry with one of the paths one, two, got "b"'],
  },
  {
    name: 'the same registry twice, its paths in another order',
    text: 'registries:\n  a: { repository: r, paths: { one: { url: "https://a.example" }, two: { url: "https://b.example" } } }\n  b: { repository: r, paths: { one: { url: "https://b.example" }, two: { url: "https://a.example" } } }\nchecks: { s: { size: 1B, every: 1m, clients: [docker] } }\n',
    problems: [
      'c.yaml:3:6: registries.b: expected each registry once, got the repository, addresses and login of a again',
    ],
  },
  {
    name: 'everything at once',
    text: `registries:\n  gitea:\n    repository: platform/blobprobe\n    credentials: { username: probe, passwordFile: /run/secrets/missing }\n    paths:\n      public: { kind: edge }\n      internal: { url: "http://192.0.2.1:3000", port: 3000 }\nchecks:\n  small: { size: 1Mb, every: 1m, timeout: 2m, clients: [dokcer] }\n  small: { size: 1MiB, every: 1 m, clients: [docker], paths: [publik] }\nretryWaitScale: fast\n`,
    problems: [
      'c.yaml:4:51: registries.gitea.credentials.passwordFile: expected a readable file with the secret, got "/run/secrets/missing": the file cannot be read (ENOENT)',
      'c.yaml:6:7: registries.gitea.paths.public.url: expected a URL that starts with http:// or https:// such as https://registry.example.org, got nothing',
      'c.yaml:7:49: registries.gitea.paths.internal.port: expected one of url, kind, connectTo, dns, family, localAddress, proxy, headers, tls, allowHosts, realm as key, got unknown key "port"',
      'c.yaml:9:18: checks.small.size: expected a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB), got "1Mb"',
      'c.yaml:9:30: checks.small.every: expected an interval of at least timeout (2m), got 1m',
      `c.yaml:9:57: checks.small.clients[0]: expected one of ${clientNames.join(', ')}, got "dokcer"; did you mean "docker"?`,
      'c.yaml:10:3: checks.small: expected each name once, got a duplicate name (first at 9:3)',
      'c.yaml:11:17: retryWaitScale: expected a number, got "fast"',
    ],
  },
];
