import { isTurnedAway } from '../judge/is-cut.ts';
import { overloadWords } from '../judge/words.ts';
import type { Cause } from './cause.ts';
import type { Match } from './match.ts';
import { either, is, says } from './predicates.ts';
import { tokenRefusedWith } from './predicates-hop.ts';

const exemptHere =
  'exempt this host, and runners behind the same address, at what counts: fail2ban and CrowdSec (`fail2ban-client unban ADDRESS`), netfilter (`connlimit`, `hashlimit`, `recent`), HAProxy (`src_conn_rate`, `src_conn_cur`), cloud firewalls and DDoS protection';
const ofConnect: Match = either(is('connect_refused'), is('connect_timeout'));

/** What counts how often this host comes: its requests, or its connections. */
export const rateCauses = {
  rate_limited: {
    title: 'requests are refused because there are too many',
    remedy:
      'Probe less often, log in (anonymous limits are lower), or raise the rate limit at the hop that answers 429.',
    reference: 'https://docs.docker.com/docker-hub/usage/',
    explains: either(
      is('rate_limited', undefined, (f, x) => !says(overloadWords)(f, x) || f.status === 429),
      tokenRefusedWith(429),
    ),
    refutedBy: ['neverRegistry'],
    provenBy: [/^429\b/],
    nextTest: 'Push again after the time that `Retry-After` names.',
  },
  connections_limited: {
    title: 'something counts the connections of this host and lets no new ones in, while an open one is answered',
    hop: 'path',
    remedy: `Raise its limit, or ${exemptHere}.`,
    reference: 'https://man7.org/linux/man-pages/man8/iptables-extensions.8.html',
    explains: (f, x) => isTurnedAway(f) && x.proven.has('held'),
    refutedBy: ['wasRedirected', 'proxyInBetween'],
    provenBy: ['held'],
    nextTest: '`curl -i URL/v2/` ten times at once, from this host and from another.',
  },
  no_more_connections: {
    title:
      'new connections are refused, or get no answer, after others got through: the hop went away meanwhile, or something counts the connections of this host and bans it',
    hop: 'path',
    remedy: `Look whether the hop still runs and listens (restarts, memory, its log at that time). If it does: ${exemptHere}.`,
    reference: 'https://man7.org/linux/man-pages/man8/iptables-extensions.8.html',
    rank: 'general',
    explains: (f, x) =>
      (ofConnect(f, x) || (isTurnedAway(f) && x.noneAnsweredSince)) && x.registryAnswered && x.direct !== 'same',
    refutedBy: ['wasRedirected', 'proxyInBetween', 'cameOnce'],
    provenBy: ['path'],
    nextTest:
      '`curl -i URL/v2/` from this host and from another in the same minute: refused here alone, and taken again after a rest, it is a ban.',
  },
} as const satisfies Readonly<Record<string, Cause>>;
