import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import type { Diagnosis, Finding } from '../../../src/probe/diagnose/finding.ts';
import type { Blame } from '../../../src/probe/failure.ts';
import { type HopName, type HopOptions, type RunningHop, startHop } from '../hops/hop.ts';
import { type DistributionOptions, startDistribution, type Backend } from '../support/backends.ts';
import type { CertificateFiles } from '../support/certificates.ts';
import { askProgram, type Question } from '../support/diagnosing.ts';
import { openPrivateNetwork, type PrivateNetwork } from '../support/place.ts';

/** What a case is set up with; everything kept ends with it. */
export interface Stage {
  readonly tls: CertificateFiles;
  /** Only for cases that ask for `hosts`. */
  readonly network: PrivateNetwork | undefined;
  readonly keep: <T extends { close: () => Promise<unknown> | void }>(started: Promise<T>) => Promise<T>;
  readonly registry: (options?: DistributionOptions) => Promise<Backend>;
  readonly hop: (name: HopName, options: HopOptions) => Promise<RunningHop>;
}

/** What is right to say of it. Patterns are held against title, remedy, evidence and name of a finding. */
export interface Fault {
  /** Each finding that is called certain or likely is one of these, at one of these hops. */
  readonly right: RegExp;
  readonly hops: readonly Blame[];
  /** What may be found besides. */
  readonly besides?: RegExp;
  /** Not to be said of it in any finding. */
  readonly never?: RegExp;
  /** Naming no cause is honest here, as long as these words of a server are quoted. */
  readonly unknown?: RegExp;
}

export interface Case {
  readonly name: string;
  /** Who reported it, or what documents it. */
  readonly source: string;
  /** A network of its own with these names; needs root. */
  readonly hosts?: readonly (readonly [address: string, name: string])[];
  readonly setUp: (stage: Stage) => Promise<Question>;
  readonly expected: 'healthy' | Fault;
}

export function createStage(
  tls: CertificateFiles,
  network: PrivateNetwork | undefined,
): Stage & { readonly close: () => Promise<void> } {
  const kept: { close: () => Promise<unknown> | void }[] = [];
  const keep: Stage['keep'] = async (started) => {
    const one = await started;
    kept.push(one);
    return one;
  };
  return {
    tls,
    network,
    keep,
    registry: (options) => keep(startDistribution(options, network)),
    hop: (name, options) => keep(startHop(name, options, network)),
    close: async () => {
      for (const one of kept.toReversed()) await one.close();
    },
  };
}

/** Sets a case up in its place, does something about it, and takes it down. */
export async function onStage(
  one: Case,
  tls: CertificateFiles,
  act: (question: Question, network: PrivateNetwork | undefined) => Promise<void>,
): Promise<void> {
  const network = one.hosts === undefined ? undefined : await openPrivateNetwork(one.hosts);
  const stage = createStage(tls, network);
  try {
    await act(await one.setUp(stage), network);
  } finally {
    await stage.close();
    await network?.close();
  }
}

/** What is wrong with what `diagnose` says of a case, and then the whole answer, which shows the evidence; nothing: it is right. */
export async function wrongAbout(
  one: Case,
  question: Question,
  network: PrivateNetwork | undefined,
): Promise<string[]> {
  const before = wantingToRun();
  const { diagnosis, text } = await askProgram(question, network);
  // The mean of a minute knows little of what began some seconds ago, and a moment little of what was before.
  const load = Math.max(loadavg()[0]!, Math.min(before, wantingToRun())) / availableParallelism();
  const wrong = misjudged(one.expected, diagnosis, load);
  return wrong.length === 0 ? [] : [...wrong, text];
}

/** The usual pair: through the hop, and straight to the registry. */
export function pathsOf(
  stage: Stage,
  front: { readonly origin: string },
  registryPort: number,
  more: object = {},
): Question['paths'] {
  const secured = front.origin.startsWith('https:');
  return {
    public: { url: front.origin, kind: 'ingress', ...(secured && { tls: { caFile: stage.tls.caFile } }), ...more },
    direct: { url: `http://127.0.0.1:${registryPort}`, kind: 'internal', allowHosts: ['127.0.0.1'] },
  };
}

function wordsOf({ cause, title, remedy, evidence }: Finding): string {
  return [cause, title, remedy, ...evidence].join('\n');
}

/** So many want to run at this moment. */
function wantingToRun(): number {
  return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[3]?.split('/')[0]);
}

/**
 * What is wrong with what was said, one sentence each; nothing: it is right, or honestly unknown where that is allowed. `load`: so many want to run
 * for each processor. Where that is more than one, this host is slow, and where it is far more, so are the hops on it: that may be said, too.
 */
export function misjudged(expected: Case['expected'], diagnosis: Diagnosis, load: number): string[] {
  const { kind, why, unexplained } = diagnosis;
  const findings = diagnosis.findings.filter(
    ({ cause }) => !(load > 1 && cause === 'prober_slow') && !(load > 4 && cause === 'receiver_slow'),
  );
  const said = findings.filter(({ confidence }) => confidence === 'certain' || confidence === 'likely');
  const named = ({ cause, hop, confidence }: Finding): string => `${cause} at ${hop}, ${confidence}`;
  if (expected === 'healthy') return kind === 'healthy' ? [] : [`false alarm: ${kind}: ${why}`];
  const isRight = (one: Finding): boolean => expected.right.test(wordsOf(one)) && expected.hops.includes(one.hop);
  const isAllowed = (one: Finding): boolean => isRight(one) || expected.besides?.test(wordsOf(one)) === true;
  const open = [why, ...unexplained, ...findings.map(wordsOf)].join('\n');
  return [
    // Slowness is named, and is no fault.
    ...(kind === 'healthy' && !findings.some(isRight) ? ['not seen: healthy'] : []),
    ...said.filter((one) => !isAllowed(one)).map((one) => `wrong: ${named(one)}`),
    ...findings.filter((one) => expected.never?.test(wordsOf(one))).map((one) => `must not be said: ${named(one)}`),
    ...(kind !== 'healthy' && !findings.some(isRight)
      ? expected.unknown === undefined
        ? [`not named: ${kind}: ${why}`]
        : expected.unknown.test(open)
          ? []
          : [`unknown, and ${expected.unknown} is not quoted: ${why}`]
      : []),
  ];
}
