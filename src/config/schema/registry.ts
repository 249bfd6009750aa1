import { z } from 'zod';
import { cleanupPolicies, mostRepositoryChars, repositoryPattern } from '../../registry/target.ts';
import { pathSchema } from './path.ts';
import { environmentVariable, file, named, text } from './scalars.ts';

const credentialsSchema = z
  .strictObject({
    username: text({ description: 'User name; needs one of `password`, `passwordFile`, `passwordEnv`.' }).optional(),
    password: text({
      description: 'Password, in plain text. Discouraged: `passwordFile` and `passwordEnv` keep it out of this file.',
    }).optional(),
    passwordFile: file(
      'File that holds the password; read each time it is used. One newline at its end is dropped.',
      '/run/secrets/registry',
    ).optional(),
    passwordEnv: environmentVariable('Environment variable that holds the password.', 'REGISTRY_PASSWORD').optional(),
    token: text({
      description: 'Registry token, in plain text (discouraged), sent unchanged: `Authorization: Bearer …`.',
    }).optional(),
    tokenFile: file(
      'File that holds the registry token; read each time it is used.',
      '/run/secrets/registry-token',
    ).optional(),
    tokenEnv: environmentVariable('Environment variable that holds the registry token.', 'REGISTRY_TOKEN').optional(),
    identityToken: text({
      description:
        "Refresh token, in plain text (discouraged), for the token service's POST. `docker login` stores it as `identitytoken`.",
    }).optional(),
    identityTokenFile: file(
      'File that holds the identity token; read each time it is used.',
      '/run/secrets/identity-token',
    ).optional(),
    identityTokenEnv: environmentVariable(
      'Environment variable that holds the identity token.',
      'REGISTRY_IDENTITY_TOKEN',
    ).optional(),
    dockerConfig: file(
      'Docker `config.json`. Each attempt looks up the host of the path in it, with credential helpers.',
      '/etc/blobprobe/docker/config.json',
    ).optional(),
  })
  .meta({
    description:
      'How to log in; anonymous when absent. Exactly one of: `username` with a password, a token, an identity token, `dockerConfig`.',
  });

export const registrySchema = z
  .strictObject({
    repository: text(
      {
        description:
          'Repository to push to. Use one for probing only: blobprobe creates and deletes blobs and manifests in it.',
        title: 'repository',
        error: 'a repository such as platform/blobprobe (lower case, at most 255 characters)',
        examples: ['platform/blobprobe'],
      },
      repositoryPattern,
      (value) => value.length <= mostRepositoryChars,
    ),
    credentials: credentialsSchema.optional(),
    cleanup: z.enum(cleanupPolicies).default('delete').meta({
      description:
        'After a run, `delete` deletes what it pushed and cancels open uploads; `cancel` only cancels open uploads (for a registry without deletion, or one that frees space itself); `keep` removes nothing.',
    }),
    paths: named(
      pathSchema,
      'The network paths that lead to this registry, by name. Names become values of the label `path`.',
      'paths',
    ),
  })
  .meta({ description: 'A registry: one service with one content store, reached over one or more paths.' });
