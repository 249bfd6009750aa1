import type { Round } from '../probe/compare/round.ts';
import type { VerdictKind } from '../probe/compare/verdict.ts';
import type { VerdictText } from './page/registry-section.ts';

/** The last round of each registry, client and workload, in memory. */
export class Verdicts {
  readonly #rounds = new Map<string, Round>();

  /** Returns the round that this one takes the place of. */
  add(round: Round): Round | undefined {
    const key = keyOf(round);
    const before = this.#rounds.get(key);
    this.#rounds.set(key, round);
    return before;
  }

  /** In the order in which they were first seen. */
  list(): readonly Round[] {
    return [...this.#rounds.values()];
  }

  /** Forgets rounds of which no check is configured any more. */
  retain(rounds: readonly Pick<Round, 'registry' | 'client' | 'workload'>[]): void {
    const keys = new Set(rounds.map(keyOf));
    for (const key of this.#rounds.keys()) if (!keys.has(key)) this.#rounds.delete(key);
  }
}

function keyOf({ registry, client, workload }: Pick<Round, 'registry' | 'client' | 'workload'>): string {
  return JSON.stringify([registry, client, workload]);
}

const badness: Readonly<Record<VerdictKind, number>> = {
  'registry-fault': 3,
  'path-fault': 2,
  inconclusive: 1,
  healthy: 0,
};

/** For the status page: the worst of each registry's last rounds, the newest of equals. */
export function verdictTexts(rounds: readonly Round[]): VerdictText[] {
  const worst = new Map<string, Round>();
  for (const round of rounds) {
    const known = worst.get(round.registry);
    const worse = known === undefined ? 1 : badness[round.verdict.kind] - badness[known.verdict.kind];
    if (known === undefined || worse > 0 || (worse === 0 && round.startedAt > known.startedAt))
      worst.set(round.registry, round);
  }
  return [...worst.values()].map(textOf);
}

const kindWords: Readonly<Record<VerdictKind, string>> = {
  'registry-fault': 'The registry is at fault',
  'path-fault': 'A path is at fault',
  inconclusive: 'Nothing can be said for sure',
  healthy: 'All is well',
};

function textOf({ registry, client, workload, verdict }: Round): VerdictText {
  const faults = verdict.kind === 'path-fault' ? verdict.faults : [verdict.kind === 'registry-fault' ? verdict : {}];
  const remedies = faults.flatMap(({ remedy }: { readonly remedy?: string }) => remedy ?? []);
  return {
    registry,
    sentence: `${kindWords[verdict.kind]}, by ${workload} pushes as ${client}: ${verdict.why}.`,
    remedy: remedies.length === 0 ? undefined : [...new Set(remedies)].join('\n'),
  };
}
