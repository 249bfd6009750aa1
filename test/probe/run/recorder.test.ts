import { expect, test } from 'vitest';
import { type Exchange, NetworkError } from '../../../src/network/exchange.ts';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import { Recorder } from '../../../src/probe/run/recorder.ts';

/** `bytes=0- 503`: a GET of the blob with this Range, and its status or the code of its error. `-`: no Range. */
function got(words: string): Exchange {
  const [range = '-', end = ''] = words.split(' ');
  const status = Number(end);
  return {
    method: 'GET',
    url: new URL('http://registry.test/v2/app/blobs/sha256:1'),
    requestHeaders: range === '-' ? {} : { range },
    declaredLength: false,
    plannedBytes: 0,
    sentBytes: 0,
    offeredBytes: 0,
    startedAtMs: 0,
    endedAtMs: 1,
    socketReused: false,
    early: false,
    ...(Number.isNaN(status)
      ? { error: new NetworkError({ stage: 'receive', code: end, message: end }) }
      : { response: { status, headers: {}, body: new Uint8Array(), bodyBytes: 0, complete: true } }),
  };
}

test.each<readonly [what: string, exchanges: readonly string[], resends: number]>([
  ['a refusal, and the same again', ['- 503', '- 200'], 1],
  ['no answer, and the same again', ['- UND_ERR_SOCKET', '- UND_ERR_SOCKET', '- 200'], 2],
  ['a 401, and the same with credentials', ['- 401', '- 200'], 0],
  ['a range refused, and those beside it let go', ['bytes=0- 503', 'bytes=4- ABORTED', 'bytes=8- ABORTED'], 0],
  ['ranges let go, and asked for again after the cut', ['bytes=4- ABORTED', 'bytes=0- 206', 'bytes=4- 206'], 0],
  ['ranges refused side by side', ['bytes=0- 503', 'bytes=4- 503', 'bytes=8- 503'], 0],
  ['a range refused, and the same again when another came', ['bytes=0- 503', 'bytes=4- 206', 'bytes=0- 206'], 1],
  ['a refusal, and the same again until we end it', ['- 503', '- ABORTED'], 1],
])('sent once more: %s', (_what, exchanges, resends) => {
  const recorder = new Recorder(0, Redactor.of([]));
  for (const words of exchanges) recorder.add('pull', got(words));
  expect(recorder.resends).toBe(resends);
});
