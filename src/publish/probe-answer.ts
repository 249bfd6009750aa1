import type { Run } from '../probe/outcome.ts';
import { drawnHistograms } from './metrics/chosen-histograms.ts';
import { endings, type MetricsFormat, textHead, textLines } from './metrics/exposition.ts';
import { headOf } from './metrics/families.ts';
import { type MetricKey, metricSpecs } from './metrics/metric-names.ts';
import { observeRun } from './metrics/observe-run.ts';
import { Partition } from './metrics/partition.ts';

/**
 * The metrics of one run alone, in a registry of their own: the series it touched under their usual names, and the two
 * that users of blackbox_exporter look for. `probe_success` says what `blobprobe_last_run_success` says.
 */
export async function renderRun(run: Run, format: MetricsFormat): Promise<string> {
  const series = new Partition(drawnHistograms);
  observeRun(series, run);
  const changes = await series.takeChanges();
  const families = (Object.keys(metricSpecs) as MetricKey[]).map((key) => {
    const lines = changes.get(key)?.trim() ?? '';
    if (lines === '') return '';
    const head = headOf(metricSpecs[key]);
    return format === 'text' ? `${textHead(head)}${textLines(lines)}\n` : `${head}${lines}\n`;
  });
  return probeSeries(run.ok, run.durationMs) + families.join('') + endings[format];
}

/** Why a scrape of `/probe` got no push. `message` is one line for people. */
export interface NoRun {
  readonly reason: string;
  readonly message: string;
  readonly waitedMs: number;
}

/** The answer when nothing was pushed: not a failure of the path, so that none of the series about runs is in it. */
export function renderNoRun({ reason, waitedMs }: NoRun, format: MetricsFormat): string {
  const why = [
    '# HELP blobprobe_probe_no_run_info 1 when this scrape started no push or saw no end of it, and why; then probe_success says nothing of the path.',
    '# TYPE blobprobe_probe_no_run_info gauge',
    `blobprobe_probe_no_run_info{reason="${reason}"} 1`,
    '',
  ].join('\n');
  return probeSeries(false, waitedMs) + why + endings[format];
}

function probeSeries(ok: boolean, durationMs: number): string {
  return [
    '# HELP probe_success 1 when the push succeeded, with all the retries that its client makes.',
    '# TYPE probe_success gauge',
    `probe_success ${ok ? 1 : 0}`,
    '# HELP probe_duration_seconds How long the push took, waits between attempts included.',
    '# TYPE probe_duration_seconds gauge',
    `probe_duration_seconds ${durationMs / 1000}`,
    '',
  ].join('\n');
}
