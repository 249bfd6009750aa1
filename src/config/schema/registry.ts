import { z } from 'zod';
import { cleanupPolicies, mostRepositoryChars, repositoryPattern } from '../../registry/target.ts';
import { pathSchema } from './path.ts';
import { environmentVariable, file, named, text } from './scalars.ts';

const credentialsSchema = z
  .strictObject({
    username: text({ description: 'User name; needs one of `password`, `passwordFile`, `passwordEnv`.' }).optional(),
    password: text({
      description: 'Password, in the open. Discouraged: `passwordFile` and `passwordEnv` keep it out of this file.',
    }).optional(),
    passwordFile: file(
      'File that holds the password; read anew when it is used, one newline at its end is dropped.',
      '/run/secrets/registry',
    ).optional(),
    passwordEnv: environmentVariable('Environment variable that holds the password.', 'REGISTRY_PASSWORD').optional(),
    token: text({
      description: 'Registry token, in the open (discouraged), sent as it is: `Authorization: Bearer …`.',
    }).optional(),
    tokenFile: file(
      'File that holds the registry token; read anew when it is used.',
      '/run/secrets/registry-token',
    ).optional(),
    tokenEnv: environmentVariable('Environment variable that holds the registry token.', 'REGISTRY_TOKEN').optional(),
    identityToken: text({
      description:
        "Refresh token, in the open (discouraged), for the token service's POST: what `docker login` stores as `identitytoken`.",
    }).optional(),
    identityTokenFile: file(
      'File that holds the identity token; read anew when it is used.',
      '/run/secrets/identity-token',
    ).optional(),
    identityTokenEnv: environmentVariable(
      'Environment variable that holds the identity token.',
      'REGISTRY_IDENTITY_TOKEN',
    ).optional(),
    dockerConfig: file(
      'Docker `config.json`; looked up anew for each attempt by the host of the path, credential helpers included.',
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
        description: 'Repository to push to. Dedicate one to probing: blobs and manifests in it come and go.',
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
        '`delete`: delete what a run pushed and cancel what it left open; `cancel`: only cancel open uploads (the registry has no deletion, or frees space itself); `keep`: remove nothing.',
    }),
    paths: named(
      pathSchema,
      'The network paths that lead to this registry, by name. Names become values of the label `path`.',
      'paths',
    ),
  })
  .meta({ description: 'A registry as one service with one content store, whatever paths lead to it.' });
