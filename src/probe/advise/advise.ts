import type { StoredImage } from '../../registry/image/stored-image.ts';
import type { ClientProfile } from '../clients/client-profile.ts';
import { clientNames, clientProfiles } from '../clients/client-profiles.ts';
import { ceilingOf, limitsFor } from '../limits/ceiling.ts';
import type { Known } from './known.ts';
import { type AdviceVerdict, type Because, layerVerdict, type LayerVerdict } from './layer-verdict.ts';
import { layerTimes, type SentLayer, sentLayer } from './sent-layers.ts';

export const waysOutKinds = ['compress', 'path', 'client', 'split', 'setting'] as const;

/** One way to get an image through, the cheapest kind first in `waysOutKinds`. */
export interface WayOut {
  readonly kind: (typeof waysOutKinds)[number];
  /** Over which path or as which client it gets through, or what to set. */
  readonly what?: string;
  /** With `split`: how large a layer may be; with `compress`: what is left of it. */
  readonly bytes?: number;
}

/** One image over one path as one client. */
export interface Advice {
  readonly image: string;
  readonly registry: string;
  readonly path: string;
  readonly client: string;
  readonly verdict: AdviceVerdict;
  /** The first layer that dies, else the first that is not known; from 1. Absent when all get through. */
  readonly layer?: number;
  /** As this client sends it. */
  readonly layerBytes?: number;
  readonly because: Because;
  readonly waysOut: readonly WayOut[];
}

/** Holds images against what is known: one answer for each image, path and client, in this order. Pure. */
export function advise(images: readonly StoredImage[], known: readonly Known[]): Advice[] {
  return images.flatMap((image) => {
    const judged = known.map((place) => ({ place, first: judgeImage(image, place) }));
    return judged.map(({ place, first }) => {
      const { registry, path, client } = place;
      const { verdict, because, layer, sent } = first;
      return {
        image: image.name,
        registry,
        path,
        client,
        verdict,
        layer,
        layerBytes: sent?.bytes,
        because,
        waysOut:
          verdict === 'passes'
            ? []
            : waysOut(
                place,
                first,
                judged.map(({ place: at, first: { verdict: end } }) => ({ ...at, end })),
              ),
      };
    });
  });
}

/** Of the layer by which the image falls; without one, of the whole. */
interface Judged extends LayerVerdict {
  readonly layer?: number;
  readonly sent?: SentLayer;
}

function judgeImage({ layers }: StoredImage, known: Known): Judged {
  const { plainLayers, concurrency } = profileOf(known.client);
  const sent = layers.map((layer) => sentLayer(layer, plainLayers));
  const rate = known.bytesPerSecond;
  const sizes = sent.map(({ bytes }) => bytes);
  const times = rate === undefined ? [] : layerTimes(sizes, rate, concurrency);
  const judged = sent.map((one, index) => ({
    layer: index + 1,
    sent: one,
    ...layerVerdict(one.bytes, times[index], known),
  }));
  return (
    judged.find(({ verdict }) => verdict === 'dies') ??
    judged.find(({ verdict }) => verdict === 'unknown') ??
    layerVerdict(0, undefined, known)
  );
}

/** A daemon of another version may know clients that we do not: then nothing is guessed. */
function profileOf(client: string): Pick<ClientProfile, 'plainLayers' | 'concurrency'> {
  const known = clientNames.find((name) => name === client);
  return known === undefined ? { plainLayers: 'as-stored', concurrency: 1 } : clientProfiles[known];
}

function waysOut(
  place: Known,
  { because, sent }: Judged,
  all: readonly (Known & { readonly end: AdviceVerdict })[],
): WayOut[] {
  const passing = all.filter(({ registry, end }) => registry === place.registry && end === 'passes');
  const { upToBytes } = ceilingOf(place.tried, limitsFor(place, place.limits));
  const gzipBytes = sent?.gzipBytes;
  const isSize = because.kind === 'size' || because.kind === 'between';
  return [
    ...(gzipBytes !== undefined && gzipBytes <= upToBytes && isSize
      ? [{ kind: 'compress' as const, bytes: gzipBytes }]
      : []),
    ...passing
      .filter(({ client }) => client === place.client)
      .map(({ path }) => ({ kind: 'path' as const, what: path })),
    ...passing
      .filter(({ path }) => path === place.path)
      .map(({ client }) => ({ kind: 'client' as const, what: client })),
    ...(isSize && upToBytes > 0 && Number.isFinite(upToBytes) ? [{ kind: 'split' as const, bytes: upToBytes }] : []),
    ...(place.setting === undefined ? [] : [{ kind: 'setting' as const, what: place.setting }]),
  ];
}
