import { expect, test } from 'vitest';
import { NetworkError } from '../../src/network/exchange.ts';
import type { Http2Session } from '../../src/network/http2-session.ts';
import type { LiveConnection } from '../../src/network/live-connection.ts';
import { requestError } from '../../src/network/request-error.ts';

const coded = (code: string, name = 'Error'): Error => Object.assign(new Error('x'), { code, name });

/** A connection of which only this is known. */
function connection(known: {
  readonly alert?: Error;
  readonly leftOut?: readonly string[];
  readonly showedCertificate?: boolean;
}): LiveConnection {
  const { leftOut, showedCertificate } = known;
  return {
    alert: () => known.alert,
    http2: leftOut && ({ leftOut: (code: string) => leftOut.includes(code) } as unknown as Http2Session),
    facts: showedCertificate === undefined ? {} : { tls: { showedCertificate } },
  } as unknown as LiveConnection;
}

test('what is told already stays as it is', () => {
  const told = new NetworkError({ stage: 'send', code: 'STALLED', message: 'no byte was taken' });
  expect(requestError(told, 'wait', connection({ alert: coded('EPIPE') }))).toBe(told);
});

test.each([
  ['a code of the system', coded('ECONNRESET'), 'wait', 'ECONNRESET'],
  [
    'an answer that cannot be read, of a code',
    coded('HPE_INVALID_TOKEN', 'HTTPParserError'),
    'wait',
    'HPE_INVALID_TOKEN',
  ],
  [
    'an answer that cannot be read',
    Object.assign(new Error('x'), { name: 'HTTPParserError' }),
    'wait',
    'UNREADABLE_ANSWER',
  ],
  ['an error without a code', new Error('x'), 'send', 'UNKNOWN'],
  ['a reset in the middle of a body', coded('ECONNRESET'), 'receive', 'ECONNRESET'],
  ['what is no error', 'x', 'send', 'UNKNOWN'],
  ['the end in the middle of a body', coded('UND_ERR_RES_CONTENT_LENGTH_MISMATCH'), 'receive', 'UND_ERR_SOCKET'],
  [
    'the same code before there was a body',
    coded('UND_ERR_RES_CONTENT_LENGTH_MISMATCH'),
    'wait',
    'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  ],
] as const)('%s', (_what, ending, stage, code) => {
  const error = requestError(ending, stage, undefined);
  expect(error).toMatchObject({ stage, code, message: `${stage} failed: ${code}`, cause: ending });
  expect(error.tlsProblem).toBeUndefined();
});

test('an alert of TLS is the cause, whatever the client says of it, in words', () => {
  const alert = coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
  const error = requestError(coded('UND_ERR_SOCKET'), 'wait', connection({ alert, showedCertificate: false }));
  expect(error).toMatchObject({ cause: alert });
  expect(error.tlsProblem).toBe('client_certificate_wanted');
  expect(error.message).toMatch(/^wait failed: .+, ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED$/);
});

test('a request that an HTTP/2 server left out was not processed', () => {
  const session = connection({ leftOut: ['ERR_HTTP2_STREAM_ERROR'] });
  expect(requestError(coded('ERR_HTTP2_STREAM_ERROR'), 'wait', session).code).toBe('HTTP2_NOT_PROCESSED');
  expect(requestError(coded('ECONNRESET'), 'wait', session).code).toBe('ECONNRESET');
});
