import type { Suite } from './suite.ts';
import { pushSuite } from './suites/push.ts';

/** Every suite of the bench, in the order in which it runs and is shown. */
export const suites: readonly Suite[] = [pushSuite];
