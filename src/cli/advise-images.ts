import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { parseSize } from '../config/size.ts';
import { classify } from '../probe/judge/classify.ts';
import { noContext } from '../probe/judge/facts.ts';
import { ownClient } from '../probe/clients/controls.ts';
import { describeFailure } from '../probe/compare/verdict-words.ts';
import { knownSecrets } from '../registry/auth/known-secrets.ts';
import { imagesOfFile } from '../registry/image/archive.ts';
import { remoteImages } from '../registry/image/remote.ts';
import { ImageError, imageOfSizes, type StoredImage } from '../registry/image/stored-image.ts';
import type { Step } from '../registry/errors.ts';
import { openRegistryClient } from '../registry/open-client.ts';
import { listTags } from '../registry/lists.ts';
import { adHocTarget } from './ad-hoc.ts';
import type { Terminal } from './command.ts';
import { type FlagValues, UsageError } from './flags.ts';
import { positive } from './flag-values.ts';

/** All of a repository's manifests are read one after the other. */
const readingMs = 10 * 60_000;
const mostTags = { pageSize: 100, maxPages: 50 } as const;

/** Whether what stands on the command line is looked for in a registry. */
export function isReference(argument: string): boolean {
  return !existsSync(argument);
}

/**
 * The images that the command line names: sizes, a file or folder, or a reference. Nothing is pulled but manifests. Throws UsageError, and
 * ImageError for what cannot be read; the message then names it.
 */
export async function imagesOf(values: FlagValues, terminal: Terminal): Promise<StoredImage[]> {
  const { argument } = values;
  const layers = values.text('layers');
  if (values.isSet('all-tags') && (argument === undefined || !isReference(argument)))
    throw new UsageError('flag --all-tags needs a repository in a registry, such as git.example.org/team/app');
  if (layers !== undefined && argument !== undefined) throw new UsageError('give an image or --layers, not both');
  if (layers !== undefined) {
    const sizes = layers
      .split(',')
      .map((text) => positive('layers', text.trim(), parseSize, 'sizes such as 30MiB,1.2GiB'));
    return [imageOfSizes('layers', sizes)];
  }
  if (argument === undefined) throw new UsageError('give an image, or sizes such as --layers=30MiB,1.2GiB');
  if (isReference(argument)) return imagesInRegistry(argument, values, terminal);
  try {
    return await imagesOfFile(argument);
  } catch (error) {
    throw error instanceof ImageError ? new ImageError(`${argument} ${error.message}`) : error;
  }
}

async function imagesInRegistry(argument: string, values: FlagValues, terminal: Terminal): Promise<StoredImage[]> {
  // Flags that say where to push say nothing of where the image lies.
  const named: FlagValues = {
    ...values,
    isSet: (name) => name !== 'url' && name !== 'repository' && values.isSet(name),
  };
  const target = await adHocTarget(named, terminal).catch((error: unknown) => {
    const isFile = /^[./]|\.(?:tar|tgz|oci)\b/.test(argument);
    throw isFile && error instanceof UsageError
      ? new UsageError(`there is no file ${JSON.stringify(argument)}`)
      : error;
  });
  if (target === undefined) throw new UsageError('give an image');
  const redactor = knownSecrets(target.path, target.registry);
  let step: Step = 'auth';
  const client = openRegistryClient({
    path: target.path,
    target: target.registry,
    client: ownClient('blobprobe (advise)'),
    nowMs: () => performance.now(),
    redactor,
    signal: AbortSignal.timeout(readingMs),
    onStep: (next) => (step = next),
  });
  try {
    const tags = values.isSet('all-tags') ? (await listTags(client, mostTags)).tags : [tagOf(argument)];
    if (tags.length === 0) throw new ImageError('has no tags');
    return await remoteImages(client, tags);
  } catch (error) {
    if (error instanceof ImageError) throw new ImageError(`${argument}: ${error.message}`);
    throw new ImageError(`${argument}: ${describeFailure(classify(error, { ...noContext, step }, redactor))}`);
  } finally {
    await client.close();
  }
}

/** The digest or the tag of a reference; without one `latest`, as clients have it. */
function tagOf(reference: string): string {
  const [, tag, digest] = /^(?:https?:\/\/)?[^/]+\/[^:@]+(?::([^@/]+))?(?:@(.+))?$/i.exec(reference) ?? [];
  const wanted = digest ?? tag ?? 'latest';
  if (!/^(?:[\w][\w.-]{0,127}|[a-z0-9+._-]{1,32}:[a-zA-Z0-9=_-]{32,256})$/.test(wanted))
    throw new UsageError(`${JSON.stringify(wanted)} is no tag and no digest`);
  return wanted;
}
