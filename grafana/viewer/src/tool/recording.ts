import { readFileSync } from 'node:fs';
import { type RunningDaemon, startDemo } from '../../../../test/real/support/daemon.ts';
import { type RunningPrometheus, startPrometheus } from '../../../../test/real/support/prometheus.ts';

const withoutHistograms = { source_labels: ['__name__'], regex: '.*_(bucket|sum|count)|nodejs_.*', action: 'drop' };

/** One demonstration, scraped as installations of other kinds would be: told apart by their job. */
function scrapeConfigs(address: string): object[] {
  const probers = (count: number): object[] =>
    Array.from({ length: count }, (_, index) => {
      const instance = `prober-${index + 1}.example.org:10719`;
      // Two targets that differ in nothing would be one.
      return { targets: [address], labels: { instance, __param_prober: instance } };
    });
  const renamed = (prefix: string): object[] => [
    { source_labels: ['path'], regex: '', action: 'drop' },
    { source_labels: ['path'], target_label: 'path', replacement: `${prefix}$1` },
  ];
  const many = ['', 'east-', 'west-'].map((prefix) => ({
    job_name: `many-${prefix}`,
    relabel_configs: [{ target_label: 'job', replacement: 'many' }],
    static_configs: probers(1),
    metric_relabel_configs: [withoutHistograms, ...(prefix === '' ? [] : renamed(prefix))],
  }));
  return [
    { job_name: 'blobprobe', static_configs: probers(1) },
    { job_name: 'pair', static_configs: probers(2) },
    { job_name: 'five', static_configs: probers(5), metric_relabel_configs: [withoutHistograms] },
    {
      job_name: 'single',
      static_configs: probers(1),
      metric_relabel_configs: [
        { source_labels: ['path'], regex: '|internal', action: 'keep' },
        // A round over twelve paths says another thing than one over a single path.
        { source_labels: ['__name__'], regex: 'blobprobe_round_verdict|blobprobe_path_at_fault', action: 'drop' },
      ],
    },
    ...many,
  ];
}

function shippedRules(): Record<string, string> {
  const names = ['blobprobe.rules.yaml', 'blobprobe.alerts.yaml'];
  return Object.fromEntries(names.map((name) => [name, readFileSync(`../../prometheus/${name}`, 'utf8')]));
}

export interface Recording {
  readonly demo: RunningDaemon;
  readonly prometheus: RunningPrometheus;
  readonly stop: () => Promise<void>;
}

/** Starts the demonstration under a real Prometheus with the shipped rules, and breaks a path after a third of the time. */
export async function record(forSeconds: number): Promise<Recording> {
  const demo = await startDemo('--outage-every=10m');
  const prometheus = await startPrometheus({
    program: 'prometheus',
    ruleFiles: shippedRules(),
    scrapeConfigs: scrapeConfigs(demo.address),
    scrapeEvery: '15s',
    evaluateEvery: '15s',
  });
  await waited(forSeconds / 3);
  await fetch(`http://${demo.address}/demo/break?path=internal&preset=cloudflared-quic`, { method: 'POST' });
  await waited((forSeconds * 2) / 3);
  return {
    demo,
    prometheus,
    stop: async () => {
      await prometheus.stop();
      await demo.stop();
    },
  };
}

function waited(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
  });
}
