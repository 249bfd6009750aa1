import { expect, test } from 'vitest';
import type { WireShape } from '../../../src/probe/clients/client-profile.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { hides, mayHideRefusal } from '../../../src/probe/judge/hidden-refusal.ts';
import { fakeFailure } from '../../support/fake-run.ts';

const reset = fakeFailure('connection_reset', { sentBytes: 1 });
/** nginx says that who is behind it broke off. */
const badGateway = fakeFailure('origin_unreachable', { status: 502, answeredBy: 'nginx', sentBytes: 1 });

test.each<[string, Failure, boolean]>([
  ['a reset', reset, true],
  ['a reset after the last byte', { ...reset, phase: 'wait' }, true],
  ['a reset before the first byte', { ...reset, sentBytes: 0 }, false],
  ['a reset of the commit', { ...reset, phase: 'commit' }, false],
  ['our own timer', { ...reset, evidence: { message: '', timer: 'stall' } }, false],
  ['a hop that broke off', badGateway, true],
  ['a hop that broke off before the body', { ...badGateway, phase: 'start' }, false],
  ['a hop with a reason of its own', { ...badGateway, evidence: { message: '', body: 'queue full' } }, false],
  ['another answer of a hop', { ...badGateway, status: 504 }, false],
])('may hide a refusal: %s: %j', (_what, failure, expected) => {
  expect(mayHideRefusal(failure)).toBe(expected);
});

const refusal = fakeFailure('body_too_large', { status: 413, answeredBy: 'registry' });
const conflict: Failure = { ...refusal, reason: 'range_conflict', status: 409 };
const ofUpload: Failure = { ...conflict, registryCode: 'BLOB_UPLOAD_INVALID' };
const same: WireShape = 'put-length';
const other: WireShape = 'patch-streamed';

test.each<[string, Failure, Failure, WireShape, boolean]>([
  ['a reset: a refusal', reset, refusal, same, true],
  ['a reset: a refusal after the last byte', reset, { ...refusal, phase: 'wait' }, same, true],
  ['a reset: a refusal of a body of another shape', reset, refusal, other, false],
  ['a reset: a refusal at the end of an upload', reset, { ...refusal, phase: 'commit' }, same, false],
  ['a reset that may hide none', { ...reset, sentBytes: 0 }, refusal, same, false],
  ['a hop: a refusal', badGateway, refusal, same, true],
  ['a hop: a refusal of a body of another shape', badGateway, refusal, other, true],
  ['a hop: a refusal at the end of such an upload', badGateway, { ...refusal, phase: 'commit' }, same, false],
  ['a hop: a refusal at the end of another upload', badGateway, { ...refusal, phase: 'commit' }, other, true],
  ['a hop: a refusal before the body', badGateway, { ...refusal, phase: 'start' }, other, false],
  ['a hop: a refusal of another hop', badGateway, { ...refusal, answeredBy: 'envoy' }, same, false],
  ['a hop: the least of errors', badGateway, { ...refusal, status: 400 }, same, true],
  ['a hop: what is no error', badGateway, { ...refusal, status: 399 }, same, false],
  ['a hop: what is no answer', badGateway, { ...refusal, status: undefined }, same, false],
  ['a hop: a method', badGateway, { ...refusal, reason: 'method_not_allowed' }, same, false],
  ['a hop: a range', badGateway, conflict, same, false],
  ['a hop: an upload', badGateway, ofUpload, same, true],
  ['a hop: a range of an upload', badGateway, { ...ofUpload, status: 416 }, same, false],
  ['a hop: another code', badGateway, { ...conflict, registryCode: 'X_BLOB_UPLOAD_' }, same, false],
])('what hides behind %s', (_what, hidden, failure, shape, expected) => {
  expect(hides({ failure: hidden, shape: same }, { failure, shape })).toBe(expected);
});
