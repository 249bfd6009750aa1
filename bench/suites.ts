import type { Suite } from './suite.ts';
import { bandwidthSuite } from './suites/bandwidth.ts';
import { blackboxSuite } from './suites/blackbox.ts';
import { growthSuite } from './suites/growth.ts';
import { longSuite } from './suites/long.ts';
import { memorySuite } from './suites/memory.ts';
import { pageSuite } from './suites/page.ts';
import { pushSuite } from './suites/push.ts';
import { registrySuite } from './suites/registry.ts';
import { scheduleSuite } from './suites/schedule.ts';
import { scrapeSuite } from './suites/scrape.ts';
import { soakSuite } from './suites/soak.ts';
import { startupSuite } from './suites/startup.ts';
import { tlsSuite } from './suites/tls.ts';
import { truthSuite } from './suites/truth.ts';

/** Every suite of the bench, in the order in which it runs and is shown. */
export const suites: readonly Suite[] = [
  truthSuite,
  blackboxSuite,
  pushSuite,
  tlsSuite,
  longSuite,
  registrySuite,
  memorySuite,
  startupSuite,
  scheduleSuite,
  bandwidthSuite,
  growthSuite,
  scrapeSuite,
  pageSuite,
  soakSuite,
];
