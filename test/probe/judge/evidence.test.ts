import { expect, test } from 'vitest';
import { type Exchange, NetworkError } from '../../../src/network/exchange.ts';
import { classify } from '../../../src/probe/judge/classify.ts';
import { noContext } from '../../../src/probe/judge/facts.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

/** A read whose head came and whose body was cut. */
function cutRead(url: string, redirectedFrom?: string): NetworkError {
  const exchange: Exchange = {
    method: 'GET',
    url: new URL(url),
    redirectedFrom: redirectedFrom === undefined ? undefined : new URL(redirectedFrom),
    requestHeaders: {},
    declaredLength: false,
    plannedBytes: 0,
    offeredBytes: 0,
    sentBytes: 0,
    startedAtMs: 0,
    endedAtMs: 4_000,
    socketReused: false,
    early: false,
    response: {
      status: 200,
      headers: { 'content-encoding': ['gzip'] },
      body: new Uint8Array(),
      bodyBytes: 700,
      complete: false,
    },
  };
  return Object.assign(new NetworkError({ stage: 'receive', code: 'ECONNRESET', message: 'reset' }), { exchange });
}

test.each([
  ['a blob', cutRead(`https://r.example.org/v2/a/b/blobs/${digest}`), 700],
  ['a manifest', cutRead('https://r.example.org/v2/a/b/manifests/latest'), 700],
  [
    'a blob that a store has',
    cutRead('https://store.example.org/x?sig=1', `https://r.example.org/v2/a/b/blobs/${digest}`),
    700,
  ],
  ['the catalog', cutRead('https://r.example.org/v2/_catalog'), undefined],
  ['the tags', cutRead('https://r.example.org/v2/a/b/tags/list'), undefined],
])('how far the pull of %s came, and in which coding', (_name, error, pulledBytes) => {
  const { evidence } = classify(error, { ...noContext, step: 'pull' });
  expect(evidence.pulledBytes).toBe(pulledBytes);
  expect(evidence.coding).toBe(pulledBytes === undefined ? undefined : 'gzip');
});
