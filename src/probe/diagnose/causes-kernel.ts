import { isCut } from '../judge/is-cut.ts';
import type { Cause } from './cause.ts';
import { segmentsVanish, windowShut } from './kernel-signs.ts';
import { either, is } from './predicates.ts';
import type { Match } from './match.ts';

/** A body of which nothing more is taken, by our own timers. */
export const isStuckBody: Match = either(
  is('upload_stalled'),
  is('deadline', 'none', (f, x) => f.sentBytes > 0 && x.sessionOpened && x.direct === 'ok'),
);

/** What the kernel of this host knows of a body that got stuck. */
export const kernelCauses = {
  full_segments_vanish: {
    title: 'full segments are never acknowledged on this path: a hop with a smaller MTU drops them without saying so',
    remedy:
      'Let ICMP “fragmentation needed” (IPv6: “packet too big”) through, clamp the MSS at the tunnel or router (`iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu`), or lower the MTU here. Until then `net.ipv4.tcp_mtu_probing=1` on clients helps.',
    reference: 'https://www.rfc-editor.org/rfc/rfc2923',
    // A server that gets nothing of the request ends the connection by itself.
    explains: (f, x) => segmentsVanish(f) && (isStuckBody(f, x) || isCut(f)),
    refutedBy: ['fullSegmentCame', 'largerPassed'],
    provenBy: ['segments'],
    nextTest: '`ping -M do -s 1472 HOST` and smaller sizes: where large packets vanish, the MTU is it.',
  },
  hop_does_not_read: {
    title: 'the next host takes a part of the body and then reads no more: its window is shut',
    remedy:
      'Look at what this hop waits for: a full disk or temporary folder, an upstream that takes nothing, a limit on memory, HTTP/2 windows behind it.',
    reference: 'https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.1',
    explains: (f, x) => isStuckBody(f, x) && windowShut(f),
    refutedBy: ['largerPassed'],
    provenBy: ['path'],
    nextTest:
      'On the hop: `ss -tmi` of this connection (Recv-Q grows when it does not read), and its error log at the time of the push.',
  },
} as const satisfies Readonly<Record<string, Cause>>;
