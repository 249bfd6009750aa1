import { type Exchange, header, NetworkError, type NetworkStage } from '../../network/exchange.ts';
import { AuthError, type AuthProblem } from '../../registry/auth/auth-error.ts';
import { ProtocolError, type ProtocolProblem, registryErrors, type Step } from '../../registry/errors.ts';
import { RunAborted } from '../bounded-signal.ts';
import { answeredBy } from './answered-by.ts';
import type { AnsweredBy, Phase } from '../failure.ts';

/** What the attempt knew when it failed, besides the error. */
export interface FailureContext {
  readonly step: Step;
  readonly blob: string;
  /** An upload session was open. */
  readonly uploadStarted: boolean;
  /** Body bytes of the blob sent in this attempt. */
  readonly sentBytes: number;
  /** What the registry said it holds; undefined: it did not say. */
  readonly acknowledgedBytes: number | undefined;
  /** The bytes went by PATCH, so the registry had the chance to acknowledge them. */
  readonly acknowledges: boolean;
  /** Another attempt of this run, at this size and over this path, was refused for its size. */
  readonly sizeRefusedBefore: boolean;
}

/** The context of an error outside a push. */
export const noContext = {
  blob: '',
  uploadStarted: false,
  sentBytes: 0,
  acknowledgedBytes: undefined,
  acknowledges: false,
  sizeRefusedBefore: false,
} as const;

/** Everything the rules look at: flat, free of objects that could hide more. */
export interface Facts extends FailureContext {
  readonly phase: Phase;
  readonly answeredBy: AnsweredBy;
  readonly exchange?: Exchange;
  readonly aborted?: 'deadline' | 'cancelled';
  readonly network?: Pick<NetworkError, 'stage' | 'code' | 'timer'> &
    Partial<Pick<NetworkError, 'tlsProblem' | 'proxyAnswer'>>;
  readonly problem?: ProtocolProblem;
  readonly authProblem?: AuthProblem;
  readonly status?: number;
  readonly registryCodes: readonly string[];
  /** Messages of the registry's JSON errors: only for codes that say too little (Harbor's quota is DENIED). */
  readonly registryMessage: string;
  readonly bodyEmpty: boolean;
  readonly mitigated: boolean;
  readonly socketReused: boolean;
  readonly http2: boolean;
  /** From the first byte of the failing request to the failure; of an opening that failed, the time of the step that did. */
  readonly elapsedMs: number;
  /** The error is none of ours: a defect. */
  readonly unknown: boolean;
}

/** Reads the facts out of an error and its context. Total: any thrown value gives facts. */
export function factsOf(error: unknown, context: FailureContext): Facts {
  const known = error instanceof NetworkError || error instanceof ProtocolError || error instanceof AuthError;
  const network = networkErrorOf(error);
  const exchange =
    network?.exchange ?? (error instanceof ProtocolError || error instanceof AuthError ? error.exchange : undefined);
  const aborted = abortKind(error) ?? abortKind(network?.cause);
  const entries = registryErrors(exchange ?? {});
  const status = exchange?.response?.status;
  // The answer's own step: ranges side by side are in several at a time. What a challenge made of a 401 belongs to the login.
  const asked = error instanceof AuthError ? undefined : (exchange?.purpose as Step | undefined);
  const step = error instanceof ProtocolError ? error.step : (asked ?? context.step);
  return {
    ...context,
    step,
    phase: phaseOf(step, network, exchange),
    answeredBy: answeredBy(exchange),
    registryCodes: entries.map((entry) => entry.code),
    registryMessage: entries.map((entry) => entry.message).join(' '),
    bodyEmpty: exchange?.response?.bodyBytes === 0,
    mitigated: exchange !== undefined && header(exchange, 'cf-mitigated') !== undefined,
    socketReused: exchange?.socketReused ?? false,
    http2: exchange?.connection?.httpVersion === '2',
    elapsedMs: exchange === undefined ? 0 : elapsedMs(exchange, network),
    unknown: !known && aborted === undefined,
    exchange,
    aborted,
    network: network === undefined ? undefined : networkFacts(network),
    problem: error instanceof ProtocolError ? error.problem : undefined,
    authProblem: error instanceof AuthError ? error.problem : undefined,
    status,
  };
}

function networkErrorOf(error: unknown): NetworkError | undefined {
  if (error instanceof NetworkError) return error;
  return error instanceof AuthError && error.cause instanceof NetworkError ? error.cause : undefined;
}

function abortKind(error: unknown): 'deadline' | 'cancelled' | undefined {
  return error instanceof RunAborted ? error.kind : undefined;
}

/** The opening of a connection and the send/wait split are known to the network layer alone; all else is the step. */
function phaseOf(step: Step, network: NetworkError | undefined, exchange: Exchange | undefined): Phase {
  if (network !== undefined && exchange?.response === undefined) {
    const { stage } = network;
    if (stage === 'dns' || stage === 'connect' || stage === 'tls') return stage;
    if (stage === 'proxy') return 'connect';
    return step === 'send' && stage === 'wait' ? 'wait' : step;
  }
  // A refusal that came after the last byte belongs to the wait; one that came while sending, to the sending.
  return step === 'send' && exchange?.waitMs !== undefined ? 'wait' : step;
}

function networkFacts(error: NetworkError): NonNullable<Facts['network']> {
  const { stage, code, timer, tlsProblem, proxyAnswer } = error;
  return { stage, code, timer, tlsProblem, proxyAnswer };
}

const openingSteps: Partial<Record<NetworkStage, 'dnsMs' | 'connectMs' | 'tlsMs'>> = {
  dns: 'dnsMs',
  connect: 'connectMs',
  proxy: 'connectMs',
  tls: 'tlsMs',
};

function elapsedMs(exchange: Exchange, network: NetworkError | undefined): number {
  const failed = network && openingSteps[network.stage];
  if (failed !== undefined) return exchange.opening?.[failed] ?? 0;
  const { dnsMs = 0, connectMs = 0, tlsMs = 0 } = exchange.opening ?? {};
  return Math.max(0, exchange.endedAtMs - exchange.startedAtMs - dnsMs - connectMs - tlsMs);
}
