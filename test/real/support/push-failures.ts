import type { Deed, Scenery } from './push-recorder.ts';

/** A registry's behaviour that both meet, and what they push to it. */
export interface Failure {
  readonly scenery: Scenery;
  readonly layerBytes: readonly number[];
  /** Layers side by side come in no order. */
  readonly sideBySide?: boolean;
  /** Of chunks, which no other program sends. */
  readonly chunks?: boolean;
  /** The real program copies from a registry; else what it pushes lies in a folder. */
  readonly fromRegistry?: boolean;
}

/** Three chunks of regctl's, which are not refused: only bodies beyond `aboveBytes` are. */
const layerBytes = [2_500_000];
const aboveBytes = 2_000_000;
const answer = (status: number, retryAfter?: string) => (): Deed => ({ kind: 'answer', status, retryAfter });

const body = (deed: (nth: number) => Deed | undefined): Failure => ({
  scenery: { target: 'body', aboveBytes, deed },
  layerBytes,
});
/** Whatever carries bytes: the PUT is the first, the chunks come after it. */
const chunks = (deed: (nth: number) => Deed | undefined): Failure => ({
  scenery: { target: 'body', deed },
  layerBytes,
  chunks: true,
});
const refusal = (status: number, more: { readonly retryAfter?: string; readonly range?: string } = {}): Deed => ({
  kind: 'answer',
  status,
  ...more,
});
const start = (deed: () => Deed): Failure => ({ scenery: { target: 'start', deed }, layerBytes });
const eightLayers: Failure = {
  scenery: { holdsLayers: true },
  layerBytes: [150_000, 160_000, 170_000, 180_000, 190_000, 200_000, 210_000, 220_000],
  sideBySide: true,
};

/** By name, in the order of the table. */
export const failures: Readonly<Record<string, Failure>> = {
  success: { scenery: {}, layerBytes },
  'success over TLS': { scenery: { tls: true }, layerBytes },
  'answer 503 over TLS': {
    scenery: { tls: true, target: 'body', aboveBytes, deed: answer(503) },
    layerBytes,
  },
  'HEAD 403': { scenery: { target: 'head', deed: answer(403) }, layerBytes },
  '401 in the middle': {
    scenery: { bearer: 'here', target: 'body', deed: (nth) => (nth === 1 ? { kind: 'challenge' } : undefined) },
    layerBytes,
  },
  'answer 413': body(answer(413)),
  'answer 429': body(answer(429)),
  'answer 429, Retry-After': body(answer(429, '1')),
  '429 at POST': start(answer(429)),
  '503 at POST, Retry-After': start(answer(503, '2')),
  'answer 502': body(answer(502)),
  'answer 503': body(answer(503)),
  'answer 504': body(answer(504)),
  'reset before the body': body(() => ({ kind: 'reset', when: 'before' })),
  'reset after the body': body(() => ({ kind: 'reset', when: 'after' })),
  'closed after the body': body(() => ({ kind: 'close' })),
  'reset at POST': start(() => ({ kind: 'reset', when: 'after' })),
  'closed at POST': start(() => ({ kind: 'close' })),
  // Longer than the 30 s of containerd, by what a busy machine may take for them.
  'no answer for 40 s': body((nth) => (nth === 1 ? { kind: 'late', afterMs: 40_000 } : undefined)),
  'foreign Location': { scenery: { foreignLocation: true }, layerBytes },
  'private realm': { scenery: { bearer: 'private' }, layerBytes },
  'one layer of three': {
    scenery: { target: 'body', aboveBytes: 600_000, deed: answer(503), afterLayers: 2 },
    layerBytes: [200_000, 700_000, 300_000],
    sideBySide: true,
  },
  'eight layers': eightLayers,
  'eight layers of a registry': { ...eightLayers, fromRegistry: true },
  'a chunk 413': chunks((nth) => (nth === 1 || nth === 3 ? refusal(413) : undefined)),
  'a chunk 416, with Range': chunks((nth) => {
    if (nth === 1) return refusal(413);
    return nth === 3 ? refusal(416, { range: '0-1500000' }) : undefined;
  }),
  'a chunk 503, three times': chunks((nth) => (nth <= 4 ? refusal(503) : undefined)),
  'every chunk 416': chunks((nth) => refusal(nth === 1 ? 413 : 416)),
  'every chunk 416, with Range': chunks((nth) => (nth === 1 ? refusal(413) : refusal(416, { range: '0--1' }))),
  'every chunk 429, Retry-After': chunks((nth) => (nth === 1 ? refusal(413) : refusal(429, { retryAfter: '1' }))),
};
