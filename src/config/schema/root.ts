import { z } from 'zod';
import { drawnHistograms, histogramsByName } from '../../publish/metrics/chosen-histograms.ts';
import { checkSchema, limitsSchema } from './check.ts';
import { registrySchema } from './registry.ts';
import { bitRate, file, flag, named, size } from './scalars.ts';

const budgetSchema = z
  .strictObject({
    bytesPerDay: size(
      'Most bytes on the wire in 24 hours, in both directions, with retries, tokens, cleanup and API checks. A configuration is refused if its checks need more even without retries, or if one run with all its attempts needs more. At run time, a run is skipped if its retries might need more than what is left. A restart keeps the count if there is a ledger file.',
    ).optional(),
    bandwidth: bitRate('Highest rate of all pushes and pulls together. No limit when absent.').optional(),
    transfers: z.int().min(1).max(1000).default(1).meta({
      description: "How many runs may transfer at the same time. Above 1 they disturb each other's measurements.",
    }),
  })
  .meta({ description: 'Protection of the network and the registries.' });

const histogramNames = [...histogramsByName.keys()];
const drawnNames = [...histogramsByName].filter(([, key]) => drawnHistograms.includes(key)).map(([name]) => name);

const metricsSchema = z
  .strictObject({
    histograms: z.array(z.enum(histogramNames), { error: 'a list of histograms' }).default(drawnNames).meta({
      description:
        'The histograms of checks that get bucket edges; the others have only sum, count and the bucket +Inf. Most series of a check are bucket edges. The default is the histograms that the dashboards draw; an empty list gives the fewest series.',
    }),
  })
  .meta({ description: 'What `/metrics` shows of each check.' });

/** The configuration file. Everything else about it (JSON Schema, reference, editor help) is made from this. */
export const configSchema = z
  .strictObject(
    {
      registries: named(
        registrySchema,
        'The registries to push to, by name. Names become values of the label `registry`.',
        'registries',
      ),
      checks: named(checkSchema, 'What to push, by name. Names become values of the label `workload`.', 'checks'),
      limits: limitsSchema.optional(),
      budget: budgetSchema.default({ transfers: 1 }),
      metrics: metricsSchema.default({ histograms: drawnNames }),
      retryWaitScale: z.number().min(0).max(10).default(1).meta({
        description:
          'Factor on the waits between attempts, for tests and demonstrations. With any value but 1, waits differ from those of the real clients, and the runs are marked.',
      }),
      excludeTainted: flag(
        'A run is tainted if this process was late during it, or stopped by a CPU limit. With `true`, tainted runs do not change the gauges of the last duration and throughput. They still count everywhere else, and are always marked.',
      ),
      ledgerFile: file(
        'File that remembers open uploads and pushed digests until they are cleaned up, so that a crash leaves nothing behind. Kept in memory only when absent.',
        '/var/lib/blobprobe/ledger.jsonl',
      ).optional(),
    },
    { error: 'a map with registries and checks' },
  )
  .meta({ title: 'blobprobe configuration', description: 'Configuration file of blobprobe (`--config.file`).' });

/** The configuration as written, defaults filled in, sizes and durations still text. */
export type ConfigInput = z.output<typeof configSchema>;
export type RegistryInput = ConfigInput['registries'][string];
export type PathInput = RegistryInput['paths'][string];
export type CheckInput = ConfigInput['checks'][string];
export type LimitsInput = NonNullable<ConfigInput['limits']>;
