import {
  type DemoEdge as ShippedEdge,
  type EdgeOptions as ShippedOptions,
  startEdgeWith,
} from '../../../src/lab/edge.ts';
import { behaviourOf } from './faults/catalogue.ts';
import type { Fault } from './faults/fault.ts';
import { type Logged, RequestLog } from './request-log.ts';

/** The lab's edge, as tests need it: with faults that no preset has, and a log. */
export type DemoEdge = ShippedEdge<Fault> & Logged;

export interface EdgeOptions extends Omit<ShippedOptions<Fault>, 'watch'> {
  /** Requests that the log keeps; default 1000. */
  readonly logCapacity?: number;
}

/** Starts a reverse proxy on 127.0.0.1. Rejects when the port is taken. */
export async function startEdge({ logCapacity, ...options }: EdgeOptions): Promise<DemoEdge> {
  const log = new RequestLog(logCapacity);
  const edge = await startEdgeWith(
    {
      ...options,
      watch(request, response) {
        const entry = log.add(request, response);
        return (status) => void (entry.status = status);
      },
    },
    behaviourOf,
  );
  return log.shownBy(edge);
}
