import type { Run } from '../probe/outcome.ts';
import { answerText } from './answer-streams.ts';
import type { MetricsFormat } from './exposition.ts';
import { observeRun } from './observe-run.ts';
import { createSeries } from './series.ts';

/**
 * The metrics of one run alone, in a registry of their own: the series it touched under their usual names, and the two
 * that users of blackbox_exporter look for. `probe_success` says what `blobprobe_last_run_success` says.
 */
export async function renderRun(run: Run, format: MetricsFormat): Promise<string> {
  const series = createSeries({ processMetrics: false });
  observeRun(series, run);
  const families = withoutEmpty((await answerText(await series.render(format))).replace(/# EOF\n$/, ''));
  const probe = [
    '# HELP probe_success 1 when the push succeeded, with all the retries that its client makes.',
    '# TYPE probe_success gauge',
    `probe_success ${run.ok ? 1 : 0}`,
    '# HELP probe_duration_seconds How long the push took, waits between attempts included.',
    '# TYPE probe_duration_seconds gauge',
    `probe_duration_seconds ${run.durationMs / 1000}`,
    '',
  ].join('\n');
  return probe + families + (format === 'openmetrics' ? '# EOF\n' : '');
}

/** Leaves out the families of which the run touched nothing. */
function withoutEmpty(text: string): string {
  const families = text.split(/^(?=# HELP )/m);
  return families
    .filter((family) => /^[^#\n]/m.test(family))
    .map((family) => `${family.trimEnd()}\n`)
    .join('');
}
