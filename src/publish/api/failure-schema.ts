import { tlsProblems } from '../../network/tls-problem.ts';
import { authProblems } from '../../registry/auth/auth-error.ts';
import { answerers, blames, type Evidence, type Failure, failureReasons, phases } from '../../probe/failure.ts';
import { type SlowCauseName, slowCauses } from '../../probe/diagnose/causes-slow.ts';
import { causeNames } from '../../probe/diagnose/causes.ts';
import type { Finding } from '../../probe/diagnose/finding.ts';
import { stuckBody } from './facts-schemas.ts';
import { count, flag, list, number, object, oneOf, type ShapeOf, text, texts } from './schema.ts';

/** Why a run failed, in the words of the labels. */
export const cause = {
  reason: oneOf(failureReasons),
  phase: oneOf(phases),
  answeredBy: oneOf(answerers),
  blame: oneOf(blames),
} satisfies Partial<ShapeOf<Failure>>;

/** Of a connection. */
export const triedAddresses = list(object({ address: text, ms: number, code: text.optional() }))
  .optional()
  .describe('Addresses tried for the connection, when one of them failed.');

const evidence = object({
  message: text,
  method: text.optional(),
  url: text.optional().describe('Query values and user information removed.'),
  redirectedFrom: text.optional().describe('The URL whose answer led to this one.'),
  code: text.optional(),
  timer: text.optional(),
  tlsProblem: oneOf(tlsProblems).optional(),
  authProblem: oneOf(authProblems).optional().describe('Why a login did not come about.'),
  proxyStatus: count
    .optional()
    .describe('Status with which a proxy refused the tunnel; headers and body are its own then.'),
  tried: triedAddresses,
  informational: count.optional().describe('Answers 1xx before the answer.'),
  oddities: list(text).optional(),
  headers: texts.optional(),
  tokenTimes: text
    .optional()
    .describe('When the token that a 401 answered was issued and is valid, as it says itself.'),
  challenge: text.optional().describe('Scheme, realm, service, scope and error of the challenge of a 401.'),
  body: text.optional().describe('First characters of the response body.'),
  range: text.optional(),
  askedRange: text.optional().describe('Part of a blob that was asked for, to go on where an answer had been cut.'),
  location: text.optional(),
  early: flag.optional(),
  socketReused: flag.optional(),
  httpVersion: text.optional(),
  rayId: text.optional(),
  kernel: stuckBody.optional(),
  sinceLastByteMs: number.optional(),
  pulledBytes: count.optional().describe('Bytes of a pull that came before it ended.'),
  silentMs: number
    .optional()
    .describe('Milliseconds since the last of them; not while we do not read, to keep to the bandwidth.'),
  coding: text.optional().describe('What a hop says that it did to the bytes of a pull.'),
} satisfies ShapeOf<Evidence>);

export const failure = object({
  ...cause,
  status: count.optional(),
  registryCode: text.optional(),
  sentBytes: count,
  elapsedMs: number,
  blob: text,
  evidence,
} satisfies ShapeOf<Failure>);

/** Why it failed, as far as that is known. */
export const finding = object({
  cause: oneOf<Finding['cause']>([...causeNames, ...(Object.keys(slowCauses) as SlowCauseName[])]),
  title: text,
  hop: oneOf(blames),
  confidence: oneOf(['certain', 'likely', 'open']),
  remedy: text,
  reference: text,
  nextTest: text,
  evidence: list(text),
} satisfies ShapeOf<Finding>).describe(
  'Why it failed, where to look and what to do, as far as this run and those over other paths tell. Absent: no cause is known.',
);
