import type { Packet } from './packets.ts';
import type { ServerPorts, Truth } from './protocol.ts';

/**
 * What the server tells of a run, with the times of the packets in place of its own. Undefined as long as packets of it are missing.
 * Requests over TLS keep the server's times: tickets and answers look alike from outside.
 */
export function seenOnTheWire(packets: readonly Packet[], ports: ServerPorts, told: Truth): Truth | undefined {
  const dnsMs = dnsTimeMs(packets, ports.dns);
  const tunnel = tunnelTimes(packets, ports.proxy);
  const turns = turnsOf(packets, ports.plain);
  const isWhole =
    (told.dnsMs === undefined || dnsMs !== undefined) &&
    (told.connectMs === undefined || tunnel.connectMs !== undefined) &&
    (told.tlsMs === undefined || tunnel.tlsMs !== undefined) &&
    (turns.length === 0 || turns.length === told.requests.length);
  const requests = told.requests.map((request, at) => ({ ...request, ...turns[at] }));
  return isWhole ? { ...(dnsMs === undefined ? {} : { dnsMs }), ...tunnel, requests } : undefined;
}

/** One request of a connection without TLS, as its packets show it; milliseconds. */
export interface Turn {
  /** From the first packet of the request to the first of the answer. */
  readonly totalMs: number;
  readonly answeredAtMs: number;
}

/** From the first question to a name server to its first answer; undefined when there was none. Milliseconds. */
export function dnsTimeMs(packets: readonly Packet[], port: number): number | undefined {
  const question = packets.find(({ toPort }) => toPort === port);
  const answer = packets.find(({ fromPort, atMs }) => fromPort === port && atMs >= (question?.atMs ?? 0));
  return question && answer && answer.atMs - question.atMs;
}

/** How long a TCP connection took to be open, from the first SYN to the first packet from the other side. Milliseconds. */
export function handshakeTimeMs(packets: readonly Packet[], port: number): number | undefined {
  const syn = packets.find((packet) => packet.toPort === port && packet.syn);
  const answer = packets.find(({ fromPort, toPort }) => fromPort === port && toPort === syn?.fromPort);
  return syn && answer && answer.atMs - syn.atMs;
}

/**
 * The opening of a connection through a proxy, as the packets to and from the proxy show it. `connectMs`: from the first SYN to its
 * answer to CONNECT. `tlsMs`: from the greeting of the client (ClientHello) to what ends the handshake on its side (Finished). Milliseconds.
 */
export function tunnelTimes(packets: readonly Packet[], proxyPort: number): { connectMs?: number; tlsMs?: number } {
  const syn = packets.find((packet) => packet.toPort === proxyPort && packet.syn);
  if (syn === undefined) return {};
  const speaking = packets.filter(
    ({ fromPort, toPort, payloadBytes }) => payloadBytes > 0 && (fromPort === syn.fromPort || toPort === syn.fromPort),
  );
  const isOurs = ({ toPort }: Packet): boolean => toPort === proxyPort;
  const tunnelOpen = speaking.findIndex((packet) => !isOurs(packet));
  const greeting = speaking.findIndex((packet, at) => at > tunnelOpen && isOurs(packet));
  const finished = speaking.findIndex((packet, at) => at > greeting + 1 && isOurs(packet));
  const [opened, begun, ended] = [speaking[tunnelOpen], speaking[greeting], speaking[finished]];
  return {
    ...(opened && { connectMs: opened.atMs - syn.atMs }),
    ...(begun && ended && { tlsMs: ended.atMs - begun.atMs }),
  };
}

/** All requests over connections to a port that are answered, in the order of their answers. */
export function turnsOf(packets: readonly Packet[], port: number): Turn[] {
  const askedAtMs = new Map<number, number>();
  const turns: Turn[] = [];
  for (const { fromPort, toPort, atMs, payloadBytes } of packets) {
    if (payloadBytes === 0) continue;
    if (toPort === port) {
      askedAtMs.set(fromPort, askedAtMs.get(fromPort) ?? atMs);
    } else if (fromPort === port && askedAtMs.has(toPort)) {
      turns.push({ totalMs: atMs - (askedAtMs.get(toPort) ?? atMs), answeredAtMs: atMs });
      askedAtMs.delete(toPort);
    }
  }
  return turns;
}
