import {
  createSecureServer,
  constants,
  type ServerHttp2Stream,
  type IncomingHttpHeaders,
  type Http2Session,
} from 'node:http2';
import type { Socket } from 'node:net';
import { createCertificates } from '../../../support/certificates.ts';
import type { FailureReason } from '../../../../src/probe/failure.ts';
import { clientProfiles } from '../../../../src/probe/clients/client-profiles.ts';
import { runDeps } from '../../../support/checks.ts';
import { type Scene, uploadLocation } from '../../../support/scripted-registry.ts';
import { both, type CaseLab, type FailureCase, large, megabyte, scriptedCase } from './case.ts';

const nobody = { answeredBy: 'none', blame: 'unknown' } as const;

const cuts: readonly FailureCase[] = [
  scriptedCase(
    'a reset in mid-body',
    {
      PATCH: async (scene) => {
        await scene.read(2 * megabyte);
        scene.reset();
      },
    },
    { reason: 'connection_reset', phase: 'send', ...nobody },
    { sizeBytes: large, sentBytes: [megabyte, large - megabyte], over: both },
  ),
  scriptedCase(
    'a FIN in mid-body',
    {
      PUT: async (scene) => {
        await scene.read(2 * megabyte);
        scene.end();
      },
    },
    { reason: 'connection_reset', phase: 'send', ...nobody, evidence: { code: 'UND_ERR_SOCKET' } },
    { sizeBytes: large, sentBytes: [megabyte, large], over: both, client: 'docker-containerd' },
  ),
  scriptedCase(
    'a connection closed instead of an answer',
    {
      PATCH: async (scene) => {
        await scene.read();
        scene.end();
      },
    },
    { reason: 'connection_reset', phase: 'wait', ...nobody },
    { sizeBytes: 4 * megabyte, sentBytes: 4 * megabyte, over: both },
  ),
  scriptedCase(
    'a reset after an answer that was cut in its headers',
    {
      PATCH: async (scene) => {
        await scene.read();
        await scene.raw('HTTP/1.1 202 Accepted\r\nLocation: /v2/');
        scene.reset();
      },
    },
    { reason: 'connection_reset', phase: 'wait', ...nobody },
    { sizeBytes: 4 * megabyte, sentBytes: 4 * megabyte, over: both },
  ),
  {
    name: 'a blob that is cut while it is read back',
    over: both,
    expected: { reason: 'connection_reset', phase: 'pull', answeredBy: 'registry', blame: 'unknown', status: 200 },
    sentBytes: 0,
    // Layer, config and manifest are pushed; of what is fetched back, the layer is the last.
    attempts: 6,
    arrange: async (lab) => {
      const edge = await lab.edge({
        faults: [
          {
            kind: 'reset-at',
            afterBytes: 500_000,
            direction: 'response',
            when: { methods: ['GET'], pathContains: '/blobs/' },
          },
        ],
      });
      const workload = { name: 'image', kind: 'image', layerBytes: [megabyte], pull: true } as const;
      return { check: lab.check(edge.url, { check: { workload } }) };
    },
  },
  {
    name: 'a Range that is refused after a cut',
    expected: { reason: 'resume_refused', phase: 'pull', answeredBy: 'registry', blame: 'registry_app', status: 200 },
    sentBytes: 0,
    attempts: 2,
    arrange: async (lab) => {
      const registry = await lab.registry();
      registry.intercept = ({ method, path, headers }) => {
        if (method !== 'GET' || !path.includes('/blobs/sha256')) return undefined;
        const resumes = headers['range'] !== undefined;
        return { kind: 'pass', blobBody: resumes ? { ignoresRange: true } : { cutAfterBytes: 500_000 } };
      };
      const workload = { name: 'blob', kind: 'blob', layerBytes: [megabyte], pull: true } as const;
      const check = { workload, retries: 'profile', retryWaitScale: 0.001 } as const;
      return { check: lab.check(registry.url, { client: 'skopeo', check }) };
    },
  },
];

/** The run's clock, moved on by hand: a minute passes at once. */
function movedClock(): { move(ms: number): void; deps: ReturnType<typeof runDeps> } {
  let offsetMs = 0;
  const deps = runDeps();
  return {
    move: (ms) => (offsetMs += ms),
    deps: { ...deps, clock: { ...deps.clock, nowMs: () => performance.now() + offsetMs } },
  };
}

function cutAfter(name: string, elapsedMs: number, reason: FailureReason, blame: 'ingress' | 'unknown'): FailureCase {
  return {
    name,
    over: both,
    expected: { reason, phase: 'send', answeredBy: 'none', blame },
    sentBytes: [megabyte, large],
    arrange: async (lab) => {
      const clock = movedClock();
      const { url } = await lab.scripted({
        PATCH: async (scene) => {
          await scene.read(2 * megabyte);
          clock.move(elapsedMs);
          scene.reset();
        },
      });
      return { check: lab.check(url, { sizeBytes: large }), deps: clock.deps };
    },
  };
}

const timeouts: readonly FailureCase[] = [
  cutAfter("a cut after a minute of sending, Traefik's readTimeout", 60_000, 'request_timeout', 'ingress'),
  cutAfter('a cut after 45 s of sending', 45_000, 'connection_reset', 'unknown'),
  scriptedCase(
    'a reader that stops',
    { PATCH: async (scene) => void (await scene.read(megabyte)) },
    { reason: 'upload_stalled', phase: 'send', ...nobody, evidence: { timer: 'stall' } },
    { sizeBytes: large, sentBytes: [megabyte, large - megabyte], deps: { stallTimeoutMs: 300 }, over: both },
  ),
  {
    name: "no answer within the client's header timeout",
    over: both,
    expected: { reason: 'response_timeout', phase: 'wait', ...nobody, evidence: { timer: 'response_header' } },
    sentBytes: megabyte,
    arrange: async (lab) => {
      const { url } = await lab.scripted({ PUT: async (scene: Scene) => void (await scene.read()) });
      const check = lab.check(url, { client: 'docker-containerd' });
      return { check: { ...check, client: { ...check.client, responseHeaderTimeoutMs: 250 } } };
    },
  },
];

const certificates = createCertificates();
type StreamScript = (
  stream: ServerHttp2Stream,
  session: Http2Session,
  read: (bytes: number) => Promise<void>,
) => unknown;

/** An HTTP/2 registry in which the PATCH is the script's. */
async function http2Registry(lab: CaseLab, patch: StreamScript): Promise<string> {
  const server = createSecureServer(certificates.valid);
  const sockets = new Set<Socket>();
  server.on('secureConnection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))));
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    const session = stream.session;
    const method = headers[':method'];
    if (method === 'PATCH' && session !== undefined) {
      const read = (bytes: number): Promise<void> =>
        new Promise((resolve) => {
          let seen = 0;
          stream.on('data', (chunk: Buffer) => (seen += chunk.length) >= bytes && resolve());
        });
      void patch(stream, session, read);
      return;
    }
    stream.resume();
    const statuses: Record<string, number> = { POST: 202, HEAD: 404, DELETE: 204 };
    const sessionGone = method === 'GET' && headers[':path'] === uploadLocation;
    stream.respond(
      { ':status': sessionGone ? 404 : (statuses[String(method)] ?? 200), location: uploadLocation },
      { endStream: true },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  lab.own({
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  return `https://127.0.0.1:${(server.address() as { port: number }).port}`;
}

function overHttp2(
  name: string,
  patch: StreamScript,
  expected: FailureCase['expected'],
  sentBytes: FailureCase['sentBytes'],
): FailureCase {
  return {
    name: `HTTP/2: ${name}`,
    over: ['tls'],
    expected,
    sentBytes,
    arrange: async (lab) => {
      const url = await http2Registry(lab, patch);
      const tls = { caFile: lab.fileOf(certificates.ca.cert), insecure: false, minVersion: 'TLSv1.2' } as const;
      const check = lab.check(url, { client: 'crane', sizeBytes: large, path: { tls } });
      return { check: { ...check, client: clientProfiles.crane } };
    },
  };
}

const http2: readonly FailureCase[] = [
  overHttp2(
    'RST_STREAM with INTERNAL_ERROR in mid-body',
    async (stream, _session, read) => {
      await read(megabyte);
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    },
    { reason: 'http2_error', phase: 'send', ...nobody, evidence: { httpVersion: '2' } },
    [100_000, large],
  ),
  overHttp2(
    'GOAWAY with ENHANCE_YOUR_CALM in mid-body',
    async (_stream, session, read) => {
      await read(megabyte);
      session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    },
    { reason: 'http2_error', phase: 'send', ...nobody, evidence: { httpVersion: '2' } },
    [100_000, large],
  ),
  overHttp2(
    'a 413 in mid-body, then RST_STREAM with NO_ERROR',
    async (stream, _session, read) => {
      await read(megabyte);
      stream.respond({ ':status': 413, server: 'nginx' });
      stream.end('<center>nginx</center>');
      stream.close(constants.NGHTTP2_NO_ERROR);
    },
    {
      reason: 'body_too_large',
      phase: 'send',
      answeredBy: 'nginx',
      blame: 'ingress',
      status: 413,
      evidence: { early: true },
    },
    [100_000, large - megabyte],
  ),
];

export const cutCases: readonly FailureCase[] = [...cuts, ...timeouts, ...http2];
