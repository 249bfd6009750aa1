import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import { type RegistryOptions, startRegistry } from '../../support/lab/registry.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import type { RetryChoice } from '../../../src/probe/check.ts';
import { checkOf, runOnce } from '../../support/checks.ts';
import { waitFor } from './process.ts';
import { type InjectedAnswer, type RecordedRequest, startRecordingProxy } from './recording-proxy.ts';
import { headerOf, type WireRequest } from './recording-proxy-parser.ts';
import type { PushOptions } from './skopeo.ts';
import { payloadBytes } from './wire-image.ts';

/** What both clients meet: a registry, and what becomes of the requests with the payload. */
export interface Scene {
  readonly registry?: Pick<RegistryOptions, 'auth' | 'quirks' | 'intercept'>;
  /** Answer to every PATCH. */
  readonly patch?: InjectedAnswer;
  /** Answer to every PUT with the payload. */
  readonly put?: InjectedAnswer;
  /** Bytes of the layer before it is compressed; default 8 MiB. */
  readonly layerBytes?: number;
  /** What the emulated client pushes; default `image`. */
  readonly kind?: 'blob' | 'image';
  /** Requests of which the real program sends two side by side: none of them is answered before both have come. */
  readonly pairs?: (request: WireRequest) => boolean;
  /** Retries of the emulated client; default `profile`. */
  readonly retries?: RetryChoice;
}

export interface Recordings {
  readonly real: readonly RecordedRequest[];
  readonly emulated: readonly RecordedRequest[];
  /** What the real program said. */
  readonly output: string;
  readonly exitCode: number | string;
}

export const user = { name: 'probe', password: 'secret' } as const;

/**
 * Records the real program and the emulated client, each against a registry of its own behind a proxy of its own. The emulated
 * one pushes an image of one layer that is as large as the real one's blob; it starts when that has been seen.
 */
export async function recordBoth(
  client: ClientName,
  scene: Scene,
  realPush: (options: PushOptions) => Promise<{ readonly exitCode: number | string; readonly output: string }>,
): Promise<Recordings> {
  const options = { quirks: 'distribution-2.8', ...scene.registry } as const;
  const registries = [await startRegistry(options), await startRegistry(options)] as const;
  const inject = (request: WireRequest): InjectedAnswer | undefined => {
    if (request.method === 'PATCH') return scene.patch;
    const announced = Number(headerOf(request, 'content-length') ?? 0);
    return request.method === 'PUT' && announced >= payloadBytes ? scene.put : undefined;
  };
  const proxies = [
    await startRecordingProxy(registries[0].port, inject, untilBoth(scene.pairs)),
    await startRecordingProxy(registries[1].port, inject),
  ] as const;
  const [real, emulated] = proxies;
  const credentials = scene.registry?.auth === undefined ? undefined : `${user.name}:${user.password}`;
  const layerBytes = scene.layerBytes ?? 8 * 1024 * 1024;
  try {
    const pushed = realPush({ destination: `127.0.0.1:${real.port}/probe/blobs:latest`, layerBytes, credentials });
    const [{ exitCode, output }] = await Promise.all([
      pushed,
      payloadOf(real.requests, pushed).then((bytes) => emulate(client, emulated.origin, scene, bytes ?? layerBytes)),
    ]);
    return { real: real.requests, emulated: emulated.requests, output, exitCode };
  } finally {
    for (const one of [...proxies, ...registries]) await one.close();
  }
}

/** Holds the requests of a pair until the second has come. */
function untilBoth(isOfPair: Scene['pairs'] = () => false): (request: WireRequest) => Promise<void> | undefined {
  let come = 0;
  let release = (): void => undefined;
  const both = new Promise<void>((resolve) => {
    release = resolve;
  });
  return (request) => {
    if (!isOfPair(request)) return undefined;
    come += 1;
    if (come === 2) release();
    return both;
  };
}

/** Size of the first payload that was announced or sent in full; undefined when the program ended without one. */
async function payloadOf(requests: readonly RecordedRequest[], pushed: Promise<unknown>): Promise<number | undefined> {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  pushed.then(end, end);
  const sizeOf = (request: RecordedRequest): number =>
    Number(headerOf(request, 'content-length') ?? (request.complete ? request.bodyBytes : 0));
  const found = (): number | undefined => requests.map(sizeOf).find((bytes) => bytes >= payloadBytes);
  await waitFor('the payload of the real client', () => ended || found() !== undefined, { timeoutMs: 60_000 });
  return found();
}

async function emulate(client: ClientName, origin: string, scene: Scene, layerBytes: number): Promise<void> {
  const credentials =
    scene.registry?.auth === undefined
      ? ({ kind: 'anonymous' } as const)
      : ({ kind: 'basic', username: user.name, password: Secret.of(user.password) } as const);
  await runOnce(
    checkOf(origin, {
      client,
      registry: { cleanup: 'keep', credentials },
      check: {
        workload: { name: 'workload', kind: scene.kind ?? 'image', layerBytes: [layerBytes], pull: false },
        retries: scene.retries ?? 'profile',
        timeoutMs: 150_000,
      },
    }),
  );
}
