import { formatBytes } from '../probe/byte-words.ts';
import { prometheusDuration } from '../config/duration.ts';
import type { DemoLab, OutagePlan } from '../lab/lab.ts';
import { presetNames, presetOf } from '../lab/presets.ts';
import { fold, foldedTable } from './table.ts';
import { demoClients, demoIntervals } from './demo-config.ts';

/** What the demo prints once it runs: where to look and what to see on each path, folded to the columns of a terminal. */
export function demoGuide(
  url: string,
  lab: Pick<DemoLab, 'paths' | 'sizes'>,
  outage: OutagePlan,
  columns = Number.POSITIVE_INFINITY,
): string {
  const { small, medium, large } = lab.sizes;
  const rows = [
    ['path', 'in the way', 'what to expect (all other pushes succeed)'],
    ...lab.paths.map(({ name, stands, expect }) => [name, stands, expect]),
  ];
  const told =
    `The demo pushes small (${formatBytes(small)}, every ${demoIntervals.small}), medium (${formatBytes(medium)}) and large (${formatBytes(large)}, every ${demoIntervals.large}) blobs` +
    ` as ${demoClients[0]} and ${demoClients[1]}, large ones as ${demoClients[2]} too, and a small image, over ${lab.paths.length} paths to a registry in this process.` +
    ' Sizes and times are scaled down. On four paths it also searches for the limits of size and time.';
  const soon = `The first successes and failures come within 30 seconds, all of this within 60; the load balancer is down for ${prometheusDuration(outage.downMs)} in ${prometheusDuration(outage.everyMs)}.`;
  return [
    `\nblobprobe demo: ${url}\n\n`,
    `${fold(told, columns)}\n\n`,
    ...foldedTable(rows, columns),
    `\n${fold(soon, columns)}\n\n`,
    `All paths, and each run request by request:\n  ${url}/\n  ${url}/runs\n`,
    `The metrics:\n  curl -s ${url}/metrics | grep -E '^blobprobe_(last_run_success|last_failure_info)'\n`,
    `Break a path, and heal it:\n  curl -X POST '${url}/demo/break?path=internal&preset=envoy'\n  curl -X POST '${url}/demo/heal?path=internal'\n\n`,
    `${fold('Failures are expected and not logged here; --log.level=warn shows them. Ctrl-C ends the demo.', columns)}\n\n`,
  ].join('');
}

/** What `--list` prints: the presets, then the paths that can be broken. */
export function demoList(paths: readonly string[], columns = Number.POSITIVE_INFINITY): string {
  const presets = presetNames.map((name) => [name, presetOf(name).says]);
  return [
    'Presets, with their real numbers; the demo scales sizes to 1 % and times to 2 %:\n',
    ...foldedTable(presets, columns),
    `\n${fold(`Paths: ${paths.join(', ')}`, columns)}\n`,
  ].join('');
}
