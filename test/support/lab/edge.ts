import {
  type DemoEdge as ShippedEdge,
  type EdgeOptions as ShippedOptions,
  startEdgeWith,
} from '../../../src/lab/edge.ts';
import { behaviourOf } from './faults/catalogue.ts';
import type { Fault } from './faults/fault.ts';

/** The lab's edge, as tests need it: with faults that no preset has. */
export type DemoEdge = ShippedEdge<Fault>;
export type EdgeOptions = ShippedOptions<Fault>;

/** Starts a reverse proxy on 127.0.0.1. Rejects when the port is taken. */
export function startEdge(options: EdgeOptions): Promise<DemoEdge> {
  return startEdgeWith(options, behaviourOf);
}
