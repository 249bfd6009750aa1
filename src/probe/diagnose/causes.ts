import { anyHopCauses } from './causes-any-hop.ts';
import { edgeCauses } from './causes-edge.ts';
import { ingressCauses } from './causes-ingress.ts';
import { registryCauses } from './causes-registry.ts';
import type { Cause } from './finding.ts';

const table = { ...edgeCauses, ...ingressCauses, ...anyHopCauses, ...registryCauses };

/** Closed set: every cause that can be named. */
export type CauseName = keyof typeof table;

/** What each cause is, where it sits and what helps. */
export const causes: Readonly<Record<CauseName, Cause>> = table;
