import { pushing } from './pushing.ts';
import { jsonText } from '../publish/format.ts';
import { formatBytes } from '../probe/byte-words.ts';
import { advise, type Advice } from '../probe/advise/advise.ts';
import { type Known, knownOf } from '../probe/advise/known.ts';
import { pathLimit, type PathLimit } from '../probe/limits/limit.ts';
import type { Run } from '../probe/outcome.ts';
import { sentLayer } from '../probe/advise/sent-layers.ts';
import { advisedView } from '../publish/advice/advised-view.ts';
import { adviceSentence, adviceSummary, alike, placesWords, wayOutWords } from '../publish/advice/advice-words.ts';
import { ImageError, type StoredImage } from '../registry/image/stored-image.ts';
import { imagesOf, isReference } from './advise-images.ts';
import { DaemonError, daemonLogin, daemonLoginFlags, knowledgeUrl, knownBy } from './ask-daemon.ts';
import { type Command, type Terminal, usualExitCodes } from './command.ts';
import { type FlagValues, noValue, oneValue, UsageError, jsonFlag } from './flags.ts';
import { exitInterrupted } from './interrupt.ts';
import { searchSize } from './limit.ts';
import { type OnDemandCommandDeps, targetsOf } from './on-demand-flags.ts';
import { targetFlags } from './select-targets.ts';

/** Exit codes of its own, beside the usual ones. */
const exits = { passes: 0, nowhere: 1, elsewhere: 3, unknown: 4, unreadable: 5 } as const;

/** Holds an image's layers against what is known of paths. Exit codes: see `exitCodes`. */
export function adviseCommand(deps: OnDemandCommandDeps): Command {
  return {
    name: 'advise',
    summary: 'Says whether an image will get through over each path and with each client, and if not, what to do.',
    exitCodes: {
      [exits.passes]: 'gets through over every path and with every client in question',
      [exits.nowhere]: 'dies, and none of these paths and clients takes it',
      [exits.elsewhere]: 'dies on one of them, and another one takes it',
      [exits.unknown]: 'dies on none as far as is known, but not everything is known',
      [exits.unreadable]: 'the image or the daemon cannot be read',
      ...usualExitCodes,
    },
    argument: {
      placeholder: 'IMAGE',
      help: 'Reference, file of docker save, OCI archive, or OCI layout folder. Only manifests are pulled.',
    },
    flags: {
      ...targetFlags,
      layers: oneValue('SIZES', 'Sizes of layers, instead of an image: 30MiB,1.2GiB.'),
      'all-tags': noValue('Check every image of the repository that IMAGE names.'),
      daemon: oneValue('URL', 'Use what a running blobprobe knows about its paths.'),
      ...daemonLoginFlags,
      search: noValue('Push up to the largest layer over the paths of --config.file, --url or IMAGE, and clean up.'),
      ...jsonFlag,
    },
    run: (values, terminal) => run(values, terminal, deps),
  };
}

async function run(values: FlagValues, terminal: Terminal, deps: OnDemandCommandDeps): Promise<number> {
  const daemon = values.text('daemon');
  if ((daemon === undefined) === !values.isSet('search'))
    throw new UsageError('give --daemon=URL, for what a running blobprobe knows, or --search, to push and find out');
  const url = daemon === undefined ? undefined : knowledgeUrl(daemon);
  const login = daemonLogin(values);
  try {
    const images = await imagesOf(values, terminal);
    const { known, interrupted } =
      url === undefined
        ? await searched(images, values, terminal, deps)
        : { known: wanted(await knownBy(url, login), values), interrupted: false };
    const advice = advise(images, known);
    terminal.out(values.isSet('json') ? json(images, known) : text(images, advice));
    return interrupted ? exitInterrupted : exitCodeOf(advice);
  } catch (error) {
    if (!(error instanceof ImageError) && !(error instanceof DaemonError)) throw error;
    terminal.err(`blobprobe advise: ${error.message}\n`);
    return exits.unreadable;
  }
}

/** What the daemon knows of the registries, paths and clients that are asked for. Throws DaemonError, and UsageError when it knows none. */
function wanted(known: readonly Known[], values: FlagValues): Known[] {
  const found = known.filter((place) =>
    (['registry', 'path', 'client'] as const).every((name) => {
      const names = values.list(name);
      return names.length === 0 || names.includes(place[name]);
    }),
  );
  if (found.length > 0) return found;
  const places = known.map(({ registry, path, client }) => `${registry}/${path} as ${client}`).join(', ');
  throw new DaemonError(places === '' ? 'the daemon knows nothing yet' : `the daemon knows only ${places}`);
}

/** Searches each path, as each client, up to the largest layer that this client would send. */
async function searched(
  images: readonly StoredImage[],
  values: FlagValues,
  terminal: Terminal,
  deps: OnDemandCommandDeps,
): Promise<{ readonly known: Known[]; readonly interrupted: boolean }> {
  const isElsewhere = values.isSet('url') || values.isSet('config.file') || !isReference(values.argument ?? '.');
  const selected = await targetsOf({ ...values, argument: isElsewhere ? undefined : values.argument }, terminal);
  const runs: Run[] = [];
  const limits: PathLimit[] = [];
  const { interrupted } = await pushing(deps, selected, terminal, async (view, signal) => {
    for (const target of selected.targets) {
      const sizes = images.flatMap(({ layers }) =>
        layers.map((layer) => sentLayer(layer, target.client.plainLayers).bytes),
      );
      const upToBytes = Math.max(1, ...sizes);
      const resolutionBytes = Math.max(1024, Math.round(upToBytes / 100));
      const limit = await searchSize(target, { upToBytes, resolutionBytes }, deps.engine, view, signal);
      view.end();
      runs.push(...limit.runs.toReversed());
      limits.push(pathLimit(target, limit));
      if (signal.aborted) return;
    }
  });
  return { known: knownOf(runs, limits), interrupted };
}

function exitCodeOf(advice: readonly Advice[]): number {
  const dying = advice.filter(({ verdict }) => verdict === 'dies');
  const isTaken = ({ image, registry }: Advice): boolean =>
    advice.some((one) => one.image === image && one.registry === registry && one.verdict === 'passes');
  if (dying.length > 0) return dying.every(isTaken) ? exits.elsewhere : exits.nowhere;
  return advice.some(({ verdict }) => verdict === 'unknown') ? exits.unknown : exits.passes;
}

function json(images: readonly StoredImage[], known: readonly Known[]): string {
  return jsonText({ images, ...advisedView(images, known) });
}

/** A block for each image; of many only those that do not get through everywhere. Then the sum. */
function text(images: readonly StoredImage[], advice: readonly Advice[]): string {
  const blocks = images.map((image) => {
    const own = advice.filter((one) => one.image === image.name);
    const bytes = image.layers.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    const count = `${image.layers.length} ${image.layers.length === 1 ? 'layer' : 'layers'}`;
    const isFine = own.every(({ verdict }) => verdict === 'passes');
    return images.length > 1 && isFine
      ? ''
      : `${image.name} (${count}, ${formatBytes(bytes)})\n${alike(own).map(lines).join('')}`;
  });
  const summary = adviceSummary(advice);
  const sum =
    images.length === 1 ? [] : summary.length > 0 ? summary : [`none of ${images.length} images is known to die`];
  return [...blocks, ...sum.map((line) => `${line}\n`)].join('');
}

function lines(group: readonly Advice[]): string {
  const [first] = group as readonly [Advice];
  const ways = wayOutWords(first).map((way) => `    way out: ${way}\n`);
  return `  ${placesWords(group)}: ${adviceSentence(first)}\n${ways.join('')}`;
}
