import { stripVTControlCharacters } from 'node:util';
import { type NetworkPath, pathDefaults } from '../../network/path.ts';
import type { Step } from '../../registry/errors.ts';
import { clientRows } from '../clients/client-profiles.ts';
import { aloneOn } from '../diagnose/contrast.ts';
import { explainAlone } from '../diagnose/diagnose.ts';
import type { Finding } from '../diagnose/finding.ts';
import type { Failure } from '../failure.ts';
import { cleanText } from '../judge/evidence.ts';
import { type Facts, noContext } from '../judge/facts.ts';
import { blameFor, reasonFor } from '../judge/reason-table.ts';
import { accessFormats } from './access-formats.ts';
import { errorFormats } from './error-formats.ts';
import type { LoggedRequest } from './log-line.ts';
import { unwrapped } from './log-wrappers.ts';

export const logFormats = [...accessFormats, ...errorFormats];

/** What a log line is about. `unknown`: no format that is known, or nothing that tells of a request to a registry. */
export type Explanation =
  | {
      readonly kind: 'failure';
      readonly request: LoggedRequest;
      readonly failure: Failure;
      /** One that is likely, named by the words of the line; or all that it leaves open; none: nothing fits, or it is not known who answered. */
      readonly findings: readonly Finding[];
      /** By what the findings stand: the line's own words, or nothing but that such a line was written. */
      readonly restsOn: 'words of one line' | 'one line';
      readonly client: string;
    }
  | { readonly kind: 'no-failure'; readonly request: LoggedRequest; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

const longestLine = 16 * 1024;

/** Reads one line and judges it as a failed attempt is judged. Pure; never throws. */
export function explainLine(line: string): Explanation {
  if (line.length > longestLine) return { kind: 'unknown', why: 'the line is longer than 16 KiB' };
  const request = readLine(stripVTControlCharacters(line).trim());
  if (request === undefined) return { kind: 'unknown', why: 'the line is in no format that is known' };
  const { status, uri, clientGone } = request;
  if (uri !== '' && !/\/v2(?:\/|$)|\/token/.test(uri))
    return { kind: 'unknown', why: 'it is no request to a registry' };
  if (request.harmless !== undefined) return { kind: 'no-failure', request, why: request.harmless };
  if (status !== undefined && status < 400) return { kind: 'no-failure', request, why: `${status} is no failure` };
  if (status === 401 && request.names === undefined)
    return { kind: 'no-failure', request, why: 'a login begins with 401; it is a failure when nothing comes after it' };
  if (status === 404 && ['HEAD', 'GET'].includes(request.method))
    return { kind: 'no-failure', request, why: 'clients look before they push, and 404 is the usual answer' };
  if (status === undefined && clientGone !== true && request.registryGone !== true)
    return { kind: 'unknown', why: 'the line has neither a status nor an end' };
  const facts = factsOfLine(request);
  const failure = failureOf(request, facts);
  // Of an answer that was passed on, nobody knows whose words it is in.
  const isOurs = request.answeredBy !== 'other';
  const client = clientOf(request.userAgent);
  const findings = isOurs ? findingsOf(failure, client, request.names) : [];
  return {
    kind: 'failure',
    request,
    failure,
    findings,
    restsOn: findings.some(({ confidence }) => confidence !== 'open') ? 'words of one line' : 'one line',
    client,
  };
}

/** A line does not tell whether the body was through: what fits either is open. */
function findingsOf(failure: Failure, client: string, names: LoggedRequest['names']): readonly Finding[] {
  const phases = failure.phase === 'send' ? (['send', 'wait'] as const) : [failure.phase];
  const found = phases.flatMap((phase) =>
    explainAlone({ ...failure, phase }, aloneOn(loggedPath, failure), client, names),
  );
  return found.filter(({ cause }, at) => found.findIndex((other) => other.cause === cause) === at);
}

/** More than so many things around a line nobody has. */
const mostWrappers = 4;

function readLine(line: string, wrappers = 0): LoggedRequest | undefined {
  for (const format of logFormats) {
    const read = format.read(line);
    if (read !== undefined) return { format: format.name, ...read };
  }
  const inner = wrappers < mostWrappers ? unwrapped(line) : undefined;
  return inner === undefined ? undefined : readLine(inner, wrappers + 1);
}

/** Nothing is known of the path but that there was one. */
const loggedPath: NetworkPath = {
  name: 'log',
  origin: 'https://registry.invalid',
  kind: 'ingress',
  ...pathDefaults,
};

function factsOfLine(request: LoggedRequest): Facts {
  const { status, answeredBy, elapsedMs = 0, sentBytes = 0, registryCode, words: registryMessage = '' } = request;
  const step = stepOf(request);
  return {
    ...noContext,
    step,
    phase: step,
    // Traefik writes 499 of bodies that it ends itself, after a minute; else nobody answered.
    answeredBy: request.clientGone === true && !endsItself(request) ? 'none' : answeredBy,
    status,
    // Who went away left no answer: for the other side, that is a cut.
    network:
      request.clientGone === true || request.registryGone === true
        ? { stage: 'send', code: 'ECONNRESET', timer: undefined }
        : undefined,
    registryCodes: registryCode === undefined ? [] : [registryCode],
    registryMessage,
    bodyEmpty: request.answer === '',
    mitigated: false,
    socketReused: false,
    http2: false,
    uploadStarted: step !== 'start' && step !== 'auth',
    sentBytes,
    elapsedMs,
    unknown: false,
  };
}

function endsItself({ elapsedMs = 0 }: LoggedRequest): boolean {
  return elapsedMs >= 58_000 && elapsedMs <= 62_000;
}

/** What the request was for (OCI distribution specification, endpoints). */
function stepOf({ method, uri }: LoggedRequest): Step {
  if (method === 'POST') return uri.includes('/blobs/uploads') ? 'start' : 'auth';
  if (method === 'PATCH' || method === '') return 'send';
  if (method === 'PUT') return uri.includes('/manifests/') ? 'commit' : 'send';
  if (method === 'DELETE') return 'cleanup';
  return method === 'HEAD' ? 'verify' : /\/(?:blobs|manifests|tags)\//.test(uri) ? 'pull' : 'auth';
}

function failureOf(request: LoggedRequest, facts: Facts): Failure {
  const reason = reasonFor(facts);
  const words = cleanText(request.words ?? '', 300);
  return {
    reason,
    phase: facts.phase,
    answeredBy: facts.answeredBy,
    blame: blameFor(reason, facts),
    status: facts.status,
    registryCode: request.registryCode,
    sentBytes: facts.sentBytes,
    elapsedMs: facts.elapsedMs,
    blob: 'blob',
    evidence: {
      message: words === '' ? request.format : words,
      method: request.method,
      url: cleanText(request.uri, 400),
      code: facts.network?.code,
      // What a registry logs is what it answers.
      body: request.answer ?? (facts.answeredBy === 'registry' && words !== '' ? words : undefined),
    },
  };
}

/** The client whose programs the line names: the row that shares most of them; docker when it names none. */
function clientOf(userAgent: string | undefined): string {
  const programs = (text: string) => [...text.matchAll(/(?:^| )([\w-]+)\//g)].map(([, name]) => name);
  const named = programs(userAgent ?? '');
  const scored = clientRows.map(({ name, userAgent: own }) => {
    const [first, ...rest] = programs(own);
    const shared = rest.filter((program) => named.includes(program)).length;
    return { name, score: first === undefined || first !== named[0] ? 0 : 1 + shared - rest.length / 100 };
  });
  return scored.reduce((a, b) => (b.score > a.score ? b : a), { name: 'docker', score: 0 }).name;
}
