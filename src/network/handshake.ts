import type { Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { NetworkError } from './exchange.ts';
import { formatDuration } from './duration-words.ts';
import { openingStep, type OpeningTimes, type StepLimits } from './opening-step.ts';
import type { TlsSettings } from './tls.ts';
import { handshakeProblem } from './tls-problem.ts';

/**
 * TLS over an open socket. Throws NetworkError (stage `tls`) with the problem in words and as `tlsProblem`, and with the time that
 * the handshake really took.
 */
export async function handshake(
  raw: Socket,
  settings: TlsSettings,
  limits: Omit<StepLimits, 'stage'>,
  times: OpeningTimes,
): Promise<TLSSocket> {
  let agreed = false;
  try {
    return await openingStep({ ...limits, stage: 'tls' }, times, (track) => {
      const socket = track(tlsConnect({ ...settings, socket: raw }));
      // Keys are there once both sides have agreed on version and cipher.
      socket.once('keylog', () => (agreed = true));
      return secured(socket);
    });
  } catch (error) {
    throw error instanceof NetworkError && error.code !== 'ABORTED'
      ? explained(error, times.tlsMs ?? 0, { agreed, showedCertificate: settings.showsCertificate })
      : error;
  }
}

function explained(
  { stage, code, timer, cause }: NetworkError,
  tookMs: number,
  circumstances: { readonly agreed: boolean; readonly showedCertificate: boolean },
): NetworkError {
  const { problem, says } = handshakeProblem(code, circumstances);
  const message = `the TLS handshake failed after ${formatDuration(tookMs)}: ${says} (${code})`;
  return new NetworkError({ stage, code, timer, message, cause, tlsProblem: problem });
}

function secured(socket: TLSSocket): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(Object.assign(new Error('closed while opening'), { code: 'ECONNRESET' }));
    const onOpen = (): void => resolve(socket.off('error', reject).off('close', onClose));
    socket.once('error', reject).once('close', onClose).once('secureConnect', onOpen);
  });
}
