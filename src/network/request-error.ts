import { errorCode } from './errors.ts';
import { NetworkError, type NetworkStage } from './exchange.ts';
import { notProcessed } from './http2-session.ts';
import type { LiveConnection } from './live-connection.ts';
import { laterProblem } from './tls-problem.ts';

/** What ended a request, as the HTTP client tells it, with what only its connection knows. */
export function requestError(
  ending: unknown,
  stage: NetworkStage,
  connection: LiveConnection | undefined,
): NetworkError {
  if (ending instanceof NetworkError) return ending;
  const cause = connection?.alert() ?? ending;
  // Of undici's parser errors this version knows no code.
  const isUnreadable = cause instanceof Error && cause.name === 'HTTPParserError';
  const named = errorCode(cause) ?? (isUnreadable ? 'UNREADABLE_ANSWER' : 'UNKNOWN');
  // The end of a connection in the middle of a body, as undici calls it where the connection was to be closed anyway.
  const known = stage === 'receive' && named === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' ? 'UND_ERR_SOCKET' : named;
  const code = connection?.http2?.leftOut(known) === true ? notProcessed : known;
  // A TLS 1.3 server says what it thinks of the client's certificate only after the handshake.
  const showedCertificate = connection?.facts.tls?.showedCertificate;
  const tls = laterProblem(code, showedCertificate);
  const message = `${stage} failed: ${tls === undefined ? '' : `${tls.says}, `}${code}`;
  return new NetworkError({ stage, code, message, cause, tlsProblem: tls?.problem });
}
