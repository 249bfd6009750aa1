import { stringify } from 'yaml';
import { metric } from './promql.ts';
import { sloAlertName, sloLabels, sloPeriodDays, sloSummary } from './slo.ts';
import { dashboardUrl, runbookUrl } from './texts.ts';

export const pyrraFileName = 'blobprobe-pushes.yaml';

const header = `# Generated from prometheus/src; do not edit. \`npm run generate\` writes it anew.
# The share of pushes that work, for users of Pyrra, which makes rules and alerts of it by itself: instead of blobprobe.slo.yaml.
# Set \`target\` to the percentage that you promise, and the labels by which your Prometheus finds rules.
`;

/** The objective as a document of Pyrra (pyrra.dev/v1alpha1, fields of its CRD as of 0.9). */
export function pyrraFile(): string {
  const propagated = {
    summary: sloSummary,
    runbook_url: runbookUrl(sloAlertName),
    dashboard_url: dashboardUrl('path', sloLabels),
  };
  const document = {
    apiVersion: 'pyrra.dev/v1alpha1',
    kind: 'ServiceLevelObjective',
    metadata: {
      name: 'blobprobe-pushes',
      labels: { prometheus: 'k8s', role: 'alert-rules' },
      // What begins so stands on the alerts, without the prefix.
      annotations: Object.fromEntries(Object.entries(propagated).map(([name, text]) => [`pyrra.dev/${name}`, text])),
    },
    spec: {
      target: '99',
      window: `${sloPeriodDays}d`,
      description: 'Pushes of blobprobe that work, after all retries, for each registry, path and workload.',
      indicator: {
        ratio: {
          errors: { metric: metric('runFailures') },
          total: { metric: metric('runs') },
          grouping: [...sloLabels],
        },
      },
      // A prober that is gone has an alert of its own, and a check that is taken out of the configuration needs none.
      alerting: { name: sloAlertName, absent: false },
    },
  };
  return header + stringify(document, { lineWidth: 0 });
}
