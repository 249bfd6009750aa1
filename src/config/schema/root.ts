import { z } from 'zod';
import { drawnHistograms, histogramsByName } from '../../publish/metrics/chosen-histograms.ts';
import { checkSchema, limitsSchema } from './check.ts';
import { registrySchema } from './registry.ts';
import { bitRate, file, flag, named, size } from './scalars.ts';

const budgetSchema = z
  .strictObject({
    bytesPerDay: size(
      'Most bytes on the wire in 24 hours, in both directions, everything counted: retries, tokens, cleanup, API checks. A configuration whose checks move more without a single retry is refused, and so is one in which a run with all its attempts does not fit; what retries need on top is held back at run time. Kept beside the ledger over a restart.',
    ).optional(),
    bandwidth: bitRate(
      'Fastest rate at which the bodies of all pushes and pulls together may go. No limit when absent.',
    ).optional(),
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
        'The histograms of checks that have bucket edges; of the others there are sum, count and the bucket +Inf. Edges are most of what a check costs. By default those that the dashboards draw; an empty list is the fewest series.',
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
          'Factor on the waits between attempts, for tests and demonstrations. Anything but 1 is not what the real clients do, and is marked in the runs.',
      }),
      excludeTainted: flag(
        'Runs measured while this process was late, or stopped by a CPU limit, leave the gauges of the last duration and throughput as they were. They count everywhere else, and are marked either way.',
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
