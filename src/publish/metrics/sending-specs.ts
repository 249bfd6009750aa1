import { checkLabelNames, counter, gauge } from './metric-spec.ts';

/** What the kernel tells of the way of bodies to the next host; a series is there from the first run of which it tells. */
export const sendingSpecs = {
  sendingLimited: counter(
    'sending_limited_seconds_total',
    [...checkLabelNames, 'limited_by'],
    'Time of sending by what limited it: the window of the next host was full, the line was full, or this host had nothing to send. Absent where the kernel cannot be asked.',
  ),
  retransmittedBytes: counter(
    'retransmitted_bytes_total',
    checkLabelNames,
    'Bytes that the kernel sent once more, heads and framing included. Absent where the kernel cannot be asked.',
  ),
  roundTrip: gauge(
    'round_trip_seconds',
    checkLabelNames,
    'Shortest round trip to the next host that the kernel saw during the last run. Absent where the kernel cannot be asked.',
  ),
  pathMtu: gauge(
    'path_mtu_bytes',
    checkLabelNames,
    'Path MTU to the next host at the end of the last run, as the kernel knows it. Absent where the kernel cannot be asked.',
  ),
} as const;
