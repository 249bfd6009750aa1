import type { Cause } from './cause.ts';
import { accessCauses } from './causes-access.ts';
import { addressCauses } from './causes-address.ts';
import { authCauses } from './causes-auth.ts';
import { bodyCauses } from './causes-body.ts';
import { cutCauses } from './causes-cut.ts';
import { edgeCauses } from './causes-edge.ts';
import { hopCauses } from './causes-hop.ts';
import { kernelCauses } from './causes-kernel.ts';
import { manifestCauses } from './causes-manifest.ts';
import { paceCauses } from './causes-pace.ts';
import { pullCauses } from './causes-pull.ts';
import { rateCauses } from './causes-rate.ts';
import { reachCauses } from './causes-reach.ts';
import { registryCauses } from './causes-registry.ts';
import { routeCauses } from './causes-route.ts';
import { sizeCauses } from './causes-size.ts';
import { tlsCauses } from './causes-tls.ts';
import { waitCauses } from './causes-wait.ts';

const table = {
  ...bodyCauses,
  ...sizeCauses,
  ...paceCauses,
  ...waitCauses,
  ...kernelCauses,
  ...cutCauses,
  ...pullCauses,
  ...reachCauses,
  ...hopCauses,
  ...routeCauses,
  ...rateCauses,
  ...addressCauses,
  ...tlsCauses,
  ...authCauses,
  ...accessCauses,
  ...registryCauses,
  ...edgeCauses,
  ...manifestCauses,
};

/** Closed set: every cause that can be named. */
export type CauseName = keyof typeof table;

/** What each cause is, what it explains, what refutes it and what proves it. */
export const causes: Readonly<Record<CauseName, Cause>> = table;

/** In the order of the table. */
export const causeNames = Object.keys(table) as readonly CauseName[];
