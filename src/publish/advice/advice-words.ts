import { groupBy } from '../../probe/group-by.ts';
import { formatBytes } from '../../probe/byte-words.ts';
import type { Advice, WayOut } from '../../probe/advise/advise.ts';
import type { Because } from '../../probe/advise/layer-verdict.ts';
import { formatDuration } from '../../network/duration-words.ts';

const bytes = (value: number | undefined): string => formatBytes(value ?? 0);
const seconds = (value: number | undefined): string => formatDuration((value ?? 0) * 1_000);
const refused = ({ reason, answeredBy }: Because): string => {
  const by = answeredBy === undefined || answeredBy === 'none' ? '' : ` by ${answeredBy}`;
  return reason === undefined ? '' : ` (${reason}${by})`;
};

const becauseWords: Readonly<Record<Because['kind'], (because: Because) => string>> = {
  accepted: ({ acceptedBytes }) => `${bytes(acceptedBytes)} got through`,
  size: (one) =>
    `${bytes(one.rejectedBytes)} is refused${refused(one)}, ${one.acceptedBytes === 0 ? 'nothing' : bytes(one.acceptedBytes)} gets through`,
  time: (one) =>
    `it takes ${seconds(one.neededSeconds)} at the measured rate, and ${seconds(one.rejectedSeconds)} is too long`,
  shared_time: (one) =>
    `beside the other layers it takes up to ${seconds(one.neededSeconds)}, and ${seconds(one.rejectedSeconds)} is too long`,
  untried: ({ acceptedBytes = 0 }) =>
    acceptedBytes === 0 ? 'nothing was tried' : `nothing above ${bytes(acceptedBytes)} was tried`,
  between: (one) =>
    `${bytes(one.acceptedBytes)} gets through, ${bytes(one.rejectedBytes)} does not, sizes between are not known`,
  other_failure: (one) =>
    `a push of ${bytes(one.rejectedBytes)} failed${refused(one)}, which does not say that the size is why`,
  unsteady: (one) => `some pushes get through, others as small do not${refused(one)}`,
  nothing_passes: (one) => `no push got through${refused(one)}`,
};

const wayWords: Readonly<Record<WayOut['kind'], (way: WayOut) => string>> = {
  compress: (way) =>
    `compress it: gzip leaves ${bytes(way.bytes)} (build with \`--output type=image,compression=gzip,force-compression=true\`, or push with skopeo)`,
  path: (way) => `over ${way.what ?? ''}`,
  client: (way) => `as ${way.what ?? ''}`,
  split: (way) => `layers of ${way.bytes ?? 0} bytes at most (${bytes(way.bytes)})`,
  setting: (way) => way.what ?? '',
};

/** `dies at layer 2 (505 MiB): 100 MiB is refused (body_too_large by cloudflare), 95 MiB gets through`. */
export function adviceSentence({ verdict, layer, layerBytes, because }: Advice): string {
  const at = layer === undefined || layer === 0 ? '' : ` ${layer} (${bytes(layerBytes)})`;
  const words = becauseWords[because.kind](because);
  if (verdict === 'passes') return `gets through: ${words}`;
  return verdict === 'dies' ? `dies at layer${at}: ${words}` : `not known, for layer${at}: ${words}`;
}

/** The ways out in words, the cheapest first; all paths are one way, and all clients. */
export function wayOutWords({ waysOut }: Advice): string[] {
  const kinds = new Set(waysOut.map(({ kind }) => kind));
  return [...kinds].flatMap((kind) => {
    const same = waysOut.filter((way) => way.kind === kind);
    const names = same.map(({ what = '' }) => what).join(' or ');
    return kind === 'path' || kind === 'client'
      ? [wayWords[kind]({ kind, what: names })]
      : same.map((way) => wayWords[kind](way));
  });
}

/** Answers of one image that say the same with the same ways out: one group each, in the order of their first. */
export function alike(advice: readonly Advice[]): readonly (readonly Advice[])[] {
  const said = (one: Advice): string => [one.registry, adviceSentence(one), ...wayOutWords(one)].join('\n');
  return [...groupBy(advice, said).values()];
}

/** `gitea/direct, internal as docker, crane; gitea/edge as crane`: where a group is about, clients with the same paths together. */
export function placesWords(group: readonly Advice[]): string {
  const clients = [...groupBy(group, ({ client }) => client).values()];
  const pathsOf = (own: readonly Advice[]): string => own.map(({ path }) => path).join(', ');
  const places = [...groupBy(clients, pathsOf)].map(([paths, same]) => {
    const [[{ registry }]] = same;
    return `${registry}/${paths} as ${same.map(([{ client }]) => client).join(', ')}`;
  });
  return places.join('; ');
}

/** `3 of 41 images cannot be pushed over cloudflare as docker`, a sentence for each path and client over which some die. */
export function adviceSummary(advice: readonly Advice[]): string[] {
  const images = new Set(advice.map(({ image }) => image)).size;
  const deaths = new Map<string, Set<string>>();
  for (const { verdict, path, client, image } of advice) {
    const place = `${path} as ${client}`;
    if (verdict === 'dies') deaths.set(place, (deaths.get(place) ?? new Set()).add(image));
  }
  const noun = images === 1 ? 'image' : 'images';
  return [...deaths].map(([place, dying]) => `${dying.size} of ${images} ${noun} cannot be pushed over ${place}`);
}
