import { clientNames } from '../../probe/clients/client-profiles.ts';
import { z } from 'zod';
import { duration, flag, list, nameText, size } from './scalars.ts';

const client = z.enum(clientNames).meta({ description: 'Name of a client profile.', title: 'client' });
const registryName = nameText('Name of a registry.', 'gitea');
const pathName = nameText('Name of a path.', 'internal');

const retriesSchema = z
  .union([z.literal(['profile', 'none']), z.int().min(1).max(100)], {
    error: 'profile, none or a number from 1 to 100',
  })
  .default('profile')
  .meta({
    description:
      '`profile`: as many attempts as the real client makes; `none`: one attempt; a number: that many attempts, with the waits of the client.',
    title: 'profile, none or 1 to 100',
  });

const payloadSchema = z
  .union(
    [
      z.literal('fresh'),
      z.strictObject({
        rotate: z.int().min(1).max(10_000).meta({ description: 'How many different payloads take turns.' }),
      }),
    ],
    { error: 'fresh or { rotate: NUMBER } with a number from 1 to 10000' },
  )
  .default('fresh')
  .meta({
    description:
      '`fresh`: each run pushes bytes never seen before; `{ rotate: k }`: k payloads take turns, which limits the storage on registries that never free it.',
    title: 'fresh or { rotate: NUMBER }',
  });

export const checkSchema = z
  .strictObject({
    size: size('Push one blob of this size. Either `size` or `layers`.').optional(),
    layers: list(
      size('Size of one layer.'),
      'Push an image with layers of these sizes, then its config and manifest, the way the client does. Either `size` or `layers`.',
      'layer sizes',
    ).optional(),
    every: duration('Interval between the starts of two runs.'),
    timeout: duration(
      'Longest time of a whole run, with the waits between attempts and without the cleanup. At most `every`. Default: `every`, but not more than 15m.',
    ).optional(),
    clients: list(client, 'Client profiles that push. Each of them makes a separate check.', 'clients'),
    registries: list(registryName, 'Push only to these registries. Default: all.', 'registries').optional(),
    paths: list(pathName, 'Push only over these paths. Default: all paths of the registries.', 'paths').optional(),
    chunkSize: size(
      'Size of one request of the client `chunked`; it has no effect on other clients. Default: 5MiB. A larger minimum announced by the registry (`OCI-Chunk-Min-Length`) wins.',
      ['5MiB'],
    ).optional(),
    pull: flag(
      'After the push, pull everything over the same path, as the client does: once cold and once warm. Compare the digests.',
    ),
    neighbour: flag(
      'Send `GET /v2/` during the push, over a separate connection, a few times a second. It shows how much slower the path is for others meanwhile.',
    ),
    retries: retriesSchema,
    payload: payloadSchema,
  })
  .meta({
    description:
      'What to push, with which clients, and how often. It makes one check for each registry, path and client.',
  });

export const limitsSchema = z
  .strictObject({
    every: duration('Interval between two searches on a path.'),
    upTo: size('Largest size to try.'),
    resolution: size(
      'Stop when the largest accepted and the smallest rejected size differ by no more than this, or by an eighth of the accepted size if that is less.',
      ['1MiB'],
    ).default('1MiB'),
    direction: z.enum(['push', 'pull', 'both'], { error: 'push, pull or both' }).default('push').meta({
      description:
        'Search for the limits of pushes, of pulls, or of both. To search a pull, blobprobe first pushes the data over another path of the registry: the first `internal` one, else the first `direct` one, else over the path itself.',
      title: 'push, pull or both',
    }),
    clients: list(client, 'Client profiles to search with.', 'clients').default(['docker']),
    registries: list(registryName, 'Search only on these registries. Default: all.', 'registries').optional(),
    paths: list(pathName, 'Search only on these paths. Default: all paths of the registries.', 'paths').optional(),
  })
  .meta({ description: 'Search for the largest size that each path accepts. No search when absent.' });
