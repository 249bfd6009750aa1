import type { Cause } from './cause.ts';

/** A cause of slowness explains no failure: `slowness.ts` measures it, against another path or another way on this one. */
type SlowCause = Omit<Cause, 'explains' | 'refutedBy' | 'provenBy' | 'rank' | 'hop'> & {
  readonly hop: Exclude<Cause['hop'], undefined | 'path'>;
  /** The comparison that shows it; made twice, it proves it. */
  readonly shownBy: string;
  /** What was seen when it is not this. */
  readonly refutedWhen: string;
};

const table = {
  resolver_slow: {
    title: 'the name of the registry takes seconds to resolve',
    hop: 'dns',
    remedy:
      'Look at the resolvers of this host: the first one in `/etc/resolv.conf` may be dead (Go and glibc wait 5 s for it), or lose one of the two questions that glibc asks at once (`options single-request-reopen`); in Kubernetes check CoreDNS, conntrack races on UDP and `ndots`.',
    reference: 'https://github.com/kubernetes/kubernetes/issues/56903',
    nextTest: '`dig @SERVER NAME` for each resolver of this host, for A and for AAAA.',
    shownBy: 'look-ups of this path against those of another',
    refutedWhen: 'half of the look-ups take less than a second',
  },
  address_dead: {
    title: 'one address of this name is dead, and connections wait for it before they try the next one',
    hop: 'dns',
    remedy:
      'Take the dead address out of the DNS record (health checks of the DNS service do it by themselves), or bring back the load balancer or node that had it.',
    reference: 'https://github.com/moby/moby/issues/45594',
    nextTest: '`curl -v --connect-to ::ADDRESS: URL/v2/` for each address of the name.',
    shownBy: 'the addresses of one name: one gives no answer, another takes the connection',
    refutedWhen: 'each address answers or refuses within a second',
  },
  receiver_slow: {
    title: 'the next host reads slowly: it has no room for more for most of the time',
    hop: 'ingress',
    remedy:
      'Look at what this hop does with a body: does it write it to a slow disk first (nginx `proxy_request_buffering off`), does it wait for its upstream, is it short of processor time or of memory for sockets (`net.ipv4.tcp_rmem`)? Behind it the registry’s storage may be what is slow.',
    reference: 'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_request_buffering',
    nextTest: 'On the hop: `ss -tmi` of this connection: Recv-Q that stays full is it.',
    shownBy: 'the kernel of this host, in all slow pushes; twice, beside another path that is four times as fast',
    refutedWhen:
      'for 40 % of the time of sending there was room, or the push is neither below 10 Mbit/s nor four times slower than over another path',
  },
  line_lossy: {
    title: 'the line to the next host loses segments, and pushes wait for them',
    hop: 'client_network',
    remedy:
      'Look for a bad link, a full queue or a policer between here and the next host (counters of interfaces and switches, `ip -s link`, duplex, Wi-Fi, VPN); a rate limit of a provider drops what is above it.',
    reference: 'https://www.rfc-editor.org/rfc/rfc5681',
    nextTest: '`mtr --tcp --port PORT HOST` for some minutes: at which hop the loss begins and stays.',
    shownBy: 'the kernel of this host, in all slow pushes; twice, beside another path that is four times as fast',
    refutedWhen: 'less than 1 % of the bytes went out once more, a queue was full, or the next host had no room',
  },
  line_thin: {
    title: 'the bandwidth of the line to the next host is used up for most of the time',
    hop: 'client_network',
    remedy:
      'Nothing at the registry helps: give the line more bandwidth, move the runner nearer, or push less (shared base layers, smaller images). Look whether a shaper or another transfer uses the same line.',
    reference: 'https://www.rfc-editor.org/rfc/rfc8867',
    nextTest: '`iperf3` between here and the next host; `tc -s qdisc` here for a shaper.',
    shownBy: 'the kernel of this host, in all slow pushes; twice, beside another path that is four times as fast',
    refutedWhen:
      'the rate still grew in the second half of the push, or the round trip was no longer at its end than at its best: nothing waited in a queue',
  },
  prober_slow: {
    title: 'this host is the limit: for most of the time it had nothing to send',
    hop: 'prober',
    remedy:
      'Look at `budget.bandwidth` of the configuration, at CPU limits of the container and at what else runs on this host: this is no finding about the path.',
    reference: 'https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/',
    nextTest: 'The same push from another host, or without `budget.bandwidth`.',
    shownBy: 'the kernel of this host, in all slow pushes; twice, beside another path that is four times as fast',
    refutedWhen: 'for 40 % of the time of sending the kernel had something to send',
  },
  http2_window: {
    title: 'pushes over HTTP/2 wait for each round trip, because the window of the hop that ends it is small',
    hop: 'ingress',
    remedy:
      'Raise the window for HTTP/2 at this hop (HAProxy `tune.h2.fe.initial-window-size`, 2.6: `tune.h2.initial-window-size`; nginx `http2_body_preread_size`; Envoy `initial_stream_window_size` and `initial_connection_window_size`), or switch HTTP/2 off for the registry: docker and skopeo do not use it, crane does.',
    reference: 'https://github.com/haproxy/haproxy/issues/293',
    nextTest: 'Push the same with `--client=docker`, which speaks HTTP/1.1, and compare the throughput.',
    shownBy:
      'the same client with HTTP/2 against HTTP/1.1 on the same path, twice by turns; certain where a window for each round trip makes the rate that was seen',
    refutedWhen: 'HTTP/1.1 is less than four times as fast on the same path',
  },
} as const satisfies Readonly<Record<string, SlowCause>>;

/** Closed set: every cause of slowness that can be named. */
export type SlowCauseName = keyof typeof table;

export const slowCauses: Readonly<Record<SlowCauseName, SlowCause>> = table;
