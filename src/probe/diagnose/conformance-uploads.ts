import { randomBytes } from 'node:crypto';
import { type Exchange, header } from '../../network/exchange.ts';
import { ProtocolError } from '../../registry/errors.ts';
import { nextLocation } from '../../registry/location.ts';
import { readUploadRange } from '../../registry/range.ts';
import {
  absentDigest,
  answerTo,
  type Behaviour,
  openUpload,
  type Scene,
  type Seen,
  seen,
  statusOf,
  unknown,
} from './conformance-scene.ts';

/** How uploads behave (distribution specification, "Pushing blobs"), in the order in which it is tried on one session. */
export const uploadBehaviours = {
  chunk_lengths: {
    title: 'the answer to POST names the least or the greatest length of a chunk (OCI-Chunk-Min-Length, -Max-Length)',
    look: async ({ opened }) => {
      const named = ['min', 'max'].flatMap((one) => {
        const value = header(opened, `oci-chunk-${one}-length`);
        return value === undefined ? [] : [`${one} ${value.slice(0, 20)}`];
      });
      return seen(opened, named.length > 0, named.length > 0 ? `with ${named.join(', ')}` : 'with neither');
    },
  },
  chunk_in_order: {
    title: 'a chunk with Content-Range is taken by PATCH (202)',
    look: async (scene) => {
      const answer = await sendChunk(scene, scene.heldBytes);
      if (answer === undefined) return tooSmall;
      if (isTaken(answer)) scene.heldBytes += scene.chunkBytes ?? 0;
      return seen(answer, isTaken(answer));
    },
  },
  upload_status: {
    title: 'GET of the upload says what the registry holds (204 with Range and Location)',
    look: async (scene) => {
      if (scene.heldBytes === 0) return notBegun;
      const { client, session, heldBytes } = scene;
      const { location: url } = session;
      const answer = await answerTo(client, { step: 'send', method: 'GET', url, actions: ['pull', 'push'] });
      const reading = readUploadRange(header(answer, 'range'));
      const isHeld = reading.kind === 'range' && reading.range.end + 1 === heldBytes;
      const isLocated = header(answer, 'location') !== undefined;
      if (statusOf(answer) === 204 && isLocated) moveOn(scene, answer);
      return seen(answer, statusOf(answer) === 204 && isHeld && isLocated, statusWords(answer, isHeld, isLocated));
    },
  },
  chunk_out_of_order: {
    title: 'a chunk that does not begin where the last one ended is refused (416)',
    look: async (scene) => {
      if (scene.heldBytes === 0) return notBegun;
      const answer = await sendChunk(scene, 2 * scene.heldBytes);
      if (answer === undefined) return tooSmall;
      scene.refusedChunk = statusOf(answer) === 416;
      return seen(answer, scene.refusedChunk);
    },
  },
  chunk_after_refusal: {
    title: 'the upload goes on after such a refusal (202)',
    look: async (scene) => {
      if (!scene.refusedChunk) return unknown('no chunk was refused with 416');
      const answer = await sendChunk(scene, scene.heldBytes);
      return answer === undefined ? tooSmall : seen(answer, isTaken(answer));
    },
  },
  upload_cancel: {
    title: 'DELETE of the upload cancels it (204)',
    look: async ({ client, session }) => {
      const answer = await answerTo(client, {
        step: 'cleanup',
        method: 'DELETE',
        url: session.location,
        actions: ['pull', 'push', 'delete'],
      });
      return seen(answer, [204, 202, 200].includes(statusOf(answer)));
    },
  },
  mount_absent: {
    title: 'a mount of a missing blob opens an upload (202)',
    look: ({ client, trail }) => mount(client, trail, absentDigest(), 202),
  },
} as const satisfies Readonly<Record<string, Behaviour>>;

const notBegun = unknown('no chunk was taken');
const tooSmall = unknown('the registry wants larger chunks than this sends');

/** POST with `mount`, of the repository's own blobs: supported when answered `wanted`. */
export async function mount(
  client: Scene['client'],
  trail: Scene['trail'],
  digest: string,
  wanted: 201 | 202,
): Promise<Seen> {
  try {
    const { opened } = await openUpload(client, trail, digest);
    return seen(opened, statusOf(opened) === wanted, statusOf(opened) === 202 ? 'with an upload' : 'as if mounted');
  } catch (error) {
    if (error instanceof ProtocolError && error.problem === 'unexpected_status') return seen(error.exchange, false);
    throw error;
  }
}

/** A chunk that says it begins at `from`; undefined: the registry wants larger ones. */
async function sendChunk(scene: Scene, from: number): Promise<Exchange | undefined> {
  const { client, session, chunkBytes } = scene;
  if (chunkBytes === undefined) return undefined;
  const answer = await answerTo(client, {
    step: 'send',
    method: 'PATCH',
    url: session.location,
    headers: { 'content-type': 'application/octet-stream', 'content-range': `${from}-${from + chunkBytes - 1}` },
    body: { kind: 'bytes', bytes: randomBytes(chunkBytes) },
    actions: ['pull', 'push'],
  });
  if (isTaken(answer)) moveOn(scene, answer);
  return answer;
}

function isTaken(answer: Exchange): boolean {
  return [202, 201, 204].includes(statusOf(answer));
}

function moveOn({ client, session }: Scene, answer: Exchange): void {
  if (header(answer, 'location') !== undefined) session.location = nextLocation(client, answer, 'send');
}

function statusWords(answer: Exchange, isHeld: boolean, isLocated: boolean): string | undefined {
  if (statusOf(answer) >= 300) return undefined;
  const range = header(answer, 'range')?.slice(0, 40);
  const ofRange = range === undefined ? ['without Range'] : isHeld ? [] : [`with Range ${range}`];
  const lacks = [...ofRange, ...(isLocated ? [] : ['without Location'])];
  return lacks.length === 0 ? undefined : lacks.join(', ');
}
