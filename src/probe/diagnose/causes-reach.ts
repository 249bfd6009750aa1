import { unreachableWords } from '../judge/words.ts';
import type { Cause } from './cause.ts';
import { haproxyManual } from './manuals.ts';
import { isDown } from './contrast.ts';
import { code, either, is, isGateway, namedByEdge, saysItself } from './predicates.ts';
import { asksInVain, ofForwardProxy } from './predicates-hop.ts';

/** Nobody there, or a hop that does not get to the registry. */
export const reachCauses = {
  hop_cannot_reach_registry: {
    title:
      'a proxy on this path gets no connection that works to what is behind it, while the registry works over another path',
    remedy:
      'Check upstream address, scheme (plain or TLS, as the registry speaks it), health checks and network policies of the proxy that answers (HAProxy: `server` lines; nginx: `proxy_pass`; load balancers: target health), and of the login service that it asks first, if there is one (Caddy `forward_auth`).',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-502-bad-gateway',
    rank: 'inferred',
    explains: (f, x) =>
      (f.reason === 'origin_unreachable' && !namedByEdge(f) && !saysItself(f)) || (asksInVain(f, x) && !namedByEdge(f)),
    refutedBy: [
      'registryAnswered',
      'failsEverywhere',
      'overloaded',
      'inMaintenance',
      'forwardProxySaidIt',
      'saysTlsDiffers',
      'registrySlow',
    ],
    provenBy: ['path'],
    nextTest:
      'Ask the registry from the host of this proxy, at the address that the proxy uses: `curl -i http://ADDRESS/v2/`.',
  },
  hop_reaches_registry_at_times: {
    title:
      'a proxy gets through to the registry only at times: one of the servers behind it is down, takes no more connections, or closes them',
    remedy:
      'Switch on health checks (HAProxy: `check` on the `server` lines; nginx: `max_fails` and `proxy_next_upstream`; load balancers: target health), take the dead server out, and look at its limit on connections and how long it keeps idle ones open.',
    reference: `${haproxyManual}#5.2-check`,
    rank: 'inferred',
    explains: (f, x) =>
      f.reason === 'origin_unreachable' && !namedByEdge(f) && !saysItself(f) && x.registryAnswered && x.byTurns,
    refutedBy: ['neverRegistry', 'failsEverywhere', 'overloaded', 'inMaintenance', 'onlyOtherHostFails'],
    provenBy: [unreachableWords],
    nextTest:
      '`curl -i URL/v2/` ten times: when some are answered 502 or 503, ask each server behind the proxy by itself.',
  },
  registry_down: {
    title: 'the registry itself does not work: no path gets through',
    hop: 'registry_app',
    remedy:
      'Look at the registry: is it running, what does its log say, does its storage answer? No path is to blame while it is down.',
    reference: 'https://distribution.github.io/distribution/about/configuration/#health',
    rank: 'inferred',
    explains: (f, x) => (isDown(f) || asksInVain(f, x)) && (x.direct === 'same' || x.direct === 'none'),
    refutedBy: ['registryAnswered', 'worksElsewhere'],
    provenBy: ['everywhere'],
    nextTest: 'Ask the registry on its own host: `curl -i http://localhost:PORT/v2/`.',
  },
  nothing_answers: {
    title: 'nothing listens at this host and port',
    hop: 'unknown',
    remedy:
      'Check host and port of the URL (5000 and 3000 are common beside 443), and whether the registry, or the proxy in front of it, runs there. A path that leads there another way tells which.',
    reference: 'https://man7.org/linux/man-pages/man2/connect.2.html',
    explains: is(
      'connect_refused',
      undefined,
      (f, x) => x.direct === 'none' && f.evidence.code?.startsWith('PROXY_') !== true,
    ),
    refutedBy: ['wasRedirected', 'registryAnswered', 'proxyInBetween'],
    provenBy: [/ECONNREFUSED/],
    nextTest: '`ss -ltn` on the target, and a second, direct path in the configuration to compare with.',
  },
  nothing_listens: {
    title: 'nothing listens on the address of this path, while the registry works over another',
    remedy: 'Check that proxy or port forwarding of this path runs and that URL and port are right.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9293',
    rank: 'inferred',
    explains: is(
      'connect_refused',
      undefined,
      (f, x) => x.direct !== 'none' && f.evidence.code?.startsWith('PROXY_') !== true,
    ),
    refutedBy: ['wasRedirected', 'registryAnswered', 'proxyInBetween', 'failsEverywhere'],
    provenBy: ['path'],
    nextTest: '`ss -ltn` on the target, and a second, direct path in the configuration to compare with.',
  },
  no_way_there: {
    title: 'no route leads to the address of this path, while the registry works over another',
    hop: 'client_network',
    remedy: 'Check routes, firewalls and network policies between this host and the address.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9293',
    rank: 'inferred',
    explains: is('connect_timeout'),
    refutedBy: ['wasRedirected', 'registryAnswered', 'proxyInBetween', 'failsEverywhere'],
    provenBy: ['path'],
    nextTest: '`mtr -T -P PORT HOST` from this host, and a second, direct path in the configuration to compare with.',
  },
  proxy_login_wanted: {
    title: 'the forward proxy wants user and password',
    hop: 'client_network',
    remedy:
      'Set `proxy.username` and `proxy.passwordFile` of this path, or exempt the registry from the proxy (`NO_PROXY`).',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-407-proxy-authentication-re',
    explains: code(/^PROXY_407/),
    refutedBy: ['registryAnswered'],
    provenBy: [/PROXY_407/],
    nextTest: '`curl -x PROXY -I URL` with and without the user.',
  },
  proxy_away: {
    title: 'the forward proxy of this path takes no connections',
    hop: 'client_network',
    remedy:
      'Check host and port in `proxy.url` (`HTTPS_PROXY`) and whether the proxy runs, or exempt the registry from the proxy (`NO_PROXY`).',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-connect',
    explains: (f, x) =>
      x.throughProxy &&
      (f.reason === 'connect_refused' || f.reason === 'connect_timeout') &&
      f.evidence.code?.startsWith('PROXY_') !== true,
    refutedBy: ['wasRedirected', 'registryAnswered'],
    provenBy: ['path', /ECONNREFUSED/],
    nextTest: '`curl -v -x PROXY URL/v2/`, and without the proxy.',
  },
  proxy_reaches_nobody: {
    title: 'the forward proxy does not get through to the registry: it finds no address, or no connection',
    hop: 'client_network',
    remedy:
      'Ask for the registry from the host of the proxy: its resolver, its routes and the firewall behind it; or exempt the registry from the proxy (`NO_PROXY`).',
    reference: 'https://www.rfc-editor.org/rfc/rfc9110#name-server-error-5xx',
    explains: either(code(/^PROXY_5/), (f, x) => ofForwardProxy(f, x) && isGateway(f, x)),
    refutedBy: ['registryAnswered'],
    provenBy: [/PROXY_50[0-4]/, /\bERR_(?:DNS_FAIL|CONNECT_FAIL|CANNOT_FORWARD)/],
    nextTest: 'On the host of the proxy: `curl -v URL/v2/`.',
  },
  proxy_forbids: {
    title: 'the forward proxy does not open a way to the registry',
    hop: 'client_network',
    remedy:
      'Allow the host and its port, for CONNECT as well (squid: `http_access`, `acl SSL_ports port PORT` and `acl Safe_ports port PORT`), or exempt the registry from the proxy (`NO_PROXY`).',
    reference: 'http://www.squid-cache.org/Doc/config/http_access/',
    explains: either(
      code(/^PROXY_(?!407|5|UPGRADE)/),
      (f, x) => ofForwardProxy(f, x) && (f.status === 403 || f.status === 405),
    ),
    refutedBy: ['registryAnswered'],
    provenBy: [/PROXY_(?:403|405)/, /\bERR_ACCESS_DENIED/],
    nextTest: '`curl -x PROXY -v URL`, and with another port.',
  },
  name_not_resolved: {
    title: 'the name of the registry does not resolve',
    hop: 'dns',
    remedy: 'Check the DNS record and the resolvers of this host (`dns` of the path asks others).',
    reference: 'https://www.rfc-editor.org/rfc/rfc8499',
    explains: is('dns_failure', undefined, code(/^(?:ENOTFOUND|ENODATA|NXDOMAIN)/)),
    refutedBy: ['wasRedirected', 'registryAnswered'],
    provenBy: [/ENOTFOUND|ENODATA/],
    nextTest: '`dig NAME` with the resolvers of this host, and with others.',
  },
  resolver_fails: {
    title: 'the resolver gives no answer for the name of the registry',
    hop: 'dns',
    remedy:
      'Look at the resolvers of this host (`/etc/resolv.conf`, CoreDNS and its `ndots`), or name others in `dns` of the path.',
    reference: 'https://www.rfc-editor.org/rfc/rfc8499',
    rank: 'general',
    explains: is('dns_failure'),
    refutedBy: ['wasRedirected', 'registryAnswered'],
    provenBy: [/ESERVFAIL|EREFUSED|EAI_AGAIN|ETIMEOUT|ETIMEDOUT|ECONNREFUSED/],
    nextTest: '`dig @SERVER NAME` for each resolver of this host.',
  },
} as const satisfies Readonly<Record<string, Cause>>;
