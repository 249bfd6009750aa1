import { formatBytes } from '../probe/byte-words.ts';
import { prometheusDuration } from '../config/duration.ts';
import type { DemoLab, OutagePlan } from '../lab/lab.ts';
import { presetNames, presetOf } from '../lab/presets.ts';
import { demoClients, demoIntervals } from './demo-config.ts';

/** What the demo prints once it runs: where to look and what to see on each path. */
export function demoGuide(url: string, lab: Pick<DemoLab, 'paths' | 'sizes'>, outage: OutagePlan): string {
  const { small, medium, large } = lab.sizes;
  const rows = [
    ['path', 'in the way', 'what to expect (what is not named succeeds)'],
    ...lab.paths.map(({ name, stands, expect }) => [name, stands, expect]),
  ];
  return [
    `\nblobprobe demo: ${url}\n\n`,
    `Pushes small (${formatBytes(small)}, every ${demoIntervals.small}), medium (${formatBytes(medium)}) and large (${formatBytes(large)}, every ${demoIntervals.large}) blobs`,
    ` as ${demoClients[0]} and ${demoClients[1]},\nlarge ones as ${demoClients[2]} too, and a small image,`,
    ` over ${lab.paths.length} paths to a registry in this process. Sizes and times are scaled down.\n`,
    `On four of them it searches for the limits of size and time, too.\n\n`,
    ...table(rows),
    '\nWithin 30 seconds there are successes and failures, within 60 all of this;',
    ` the load balancer is down for ${prometheusDuration(outage.downMs)} in ${prometheusDuration(outage.everyMs)}.\n`,
    `  ${url}/          status of all paths; /runs shows each run, request by request\n`,
    `  curl -s ${url}/metrics | grep -E '^blobprobe_(last_run_success|last_failure_info)'\n`,
    `  curl -X POST '${url}/demo/break?path=internal&preset=envoy'   breaks a path; /demo/heal?path= and /demo/restore?path= mend it\n`,
    '\nFailures are expected and not logged here; --log.level=warn shows them. Ctrl-C ends it.\n\n',
  ].join('');
}

/** What `--list` prints: the presets, then the paths that can be broken. */
export function demoList(paths: readonly string[]): string {
  const presets = presetNames.map((name) => [name, presetOf(name).says]);
  return [
    'Presets, with their real numbers; the demo scales sizes to 1 % and times to 2 %:\n',
    ...table(presets),
    `\nPaths: ${paths.join(', ')}\n`,
  ].join('');
}

function table(rows: readonly (readonly string[])[]): string[] {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd() + '\n');
}
