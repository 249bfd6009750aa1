import { randomBytes } from 'node:crypto';
import { type Exchange, header } from '../../network/exchange.ts';
import { isObject, parseJson } from '../../registry/json.ts';
import { digestOf } from '../../registry/manifest.ts';
import { putWhole } from '../../registry/upload.ts';
import {
  absentDigest,
  answerTo,
  type Behaviour,
  openUpload,
  type Scene,
  seen,
  statusOf,
  unknown,
} from './conformance-scene.ts';
import { mount } from './conformance-uploads.ts';

/** Bytes of the one blob that is pushed to be read. */
export const readBlobBytes = 64;
const part = { from: 5, to: 9 } as const;

/** How what is there behaves when it is read (distribution specification, "Pull" and "Content discovery"). */
export const readBehaviours = {
  mount: {
    title: 'an existing blob is mounted (201), and not requested again (202)',
    look: async ({ client, trail, blob }) => (blob === undefined ? noBlob : mount(client, trail, blob.digest, 201)),
  },
  blob_missing: {
    title: 'HEAD of a missing blob is answered 404',
    look: async ({ client }) => {
      const url = client.url(`blobs/${absentDigest()}`);
      const answer = await answerTo(client, { step: 'verify', method: 'HEAD', url, actions: ['pull'] });
      return seen(answer, statusOf(answer) === 404);
    },
  },
  blob_range: {
    title: 'GET of a part of a blob gives that part (206), and not all of it (200)',
    look: async (scene) => {
      if (scene.blob === undefined) return noBlob;
      const answer = await readPart(scene.client, scene.blob.digest, `bytes=${part.from}-${part.to}`);
      if (statusOf(answer) !== 206) return seen(answer, false, statusOf(answer) === 200 ? 'with all of it' : undefined);
      const wanted = scene.blob.bytes.subarray(part.from, part.to + 1);
      const isExact = Buffer.compare(answer.response?.body ?? new Uint8Array(), wanted) === 0;
      return seen(answer, isExact, isExact ? undefined : 'with other bytes');
    },
  },
  blob_range_beyond: {
    title: 'GET of a part beyond the end of a blob is refused (416)',
    look: async (scene) => {
      if (scene.blob === undefined) return noBlob;
      const answer = await readPart(scene.client, scene.blob.digest, `bytes=${2 * readBlobBytes}-`);
      return seen(answer, statusOf(answer) === 416);
    },
  },
  referrers: {
    title: 'there is a list of referrers (200 with an index); without it clients use tags for them',
    look: async ({ client, blob }) => {
      const url = client.url(`referrers/${blob?.digest ?? absentDigest()}`);
      const answer = await answerTo(client, { step: 'pull', method: 'GET', url, actions: ['pull'] });
      const isList = isIndex(answer);
      return seen(
        answer,
        statusOf(answer) === 200 && isList,
        statusOf(answer) === 200 && !isList ? 'without an index' : undefined,
      );
    },
  },
} as const satisfies Readonly<Record<string, Behaviour>>;

const noBlob = unknown('no small blob could be pushed');

/** Pushes the blob that is read, in one PUT, noted so that it is deleted as the registry's cleanup says. Throws what the registry layer throws. */
export async function pushReadBlob({ client, trail }: Scene): Promise<Scene['blob']> {
  const bytes = randomBytes(readBlobBytes);
  const digest = digestOf(bytes);
  const { session } = await openUpload(client, trail);
  if (session === undefined) return undefined;
  await trail.committing(
    'blob',
    digest,
    () => putWhole(client, session, digest, { kind: 'bytes', bytes }, { resendBody: true }),
    session,
  );
  return { digest, bytes };
}

function readPart(client: Scene['client'], digest: string, range: string): Promise<Exchange> {
  const url = client.url(`blobs/${digest}`);
  return answerTo(client, { step: 'pull', method: 'GET', url, headers: { range }, actions: ['pull'] });
}

function isIndex(answer: Exchange): boolean {
  if (header(answer, 'content-type')?.toLowerCase().startsWith('text/html') === true) return false;
  const value = parseJson(answer.response?.body ?? new Uint8Array());
  return isObject(value) && 'manifests' in value;
}
