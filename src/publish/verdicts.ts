import type { Round } from '../probe/round.ts';
import type { VerdictKind } from '../probe/verdict.ts';
import type { VerdictText } from './page/registry-section.ts';

/** The last round of each registry, client and workload, in memory. */
export interface Verdicts {
  /** Returns the round that this one takes the place of. */
  add(round: Round): Round | undefined;
  last(registry: string, client: string, workload: string): Round | undefined;
  /** In the order in which they were first seen. */
  list(): readonly Round[];
  /** Forgets rounds of which no check is configured any more. */
  retain(rounds: readonly Pick<Round, 'registry' | 'client' | 'workload'>[]): void;
}

/** Makes an empty record. */
export function createVerdicts(): Verdicts {
  const rounds = new Map<string, Round>();
  return {
    add(round) {
      const key = keyOf(round);
      const before = rounds.get(key);
      rounds.set(key, round);
      return before;
    },
    last: (registry, client, workload) => rounds.get(keyOf({ registry, client, workload })),
    list: () => [...rounds.values()],
    retain(kept) {
      const keys = new Set(kept.map(keyOf));
      for (const key of rounds.keys()) {
        if (!keys.has(key)) {
          rounds.delete(key);
        }
      }
    },
  };
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
    if (known === undefined || worse > 0 || (worse === 0 && round.startedAt > known.startedAt)) {
      worst.set(round.registry, round);
    }
  }
  return [...worst.values()].map(textOf);
}

function textOf({ registry, client, workload, verdict }: Round): VerdictText {
  const remedies = verdict.kind === 'path-fault' ? verdict.faults.flatMap(({ remedy }) => remedy ?? []) : [];
  return {
    registry,
    sentence: `${workload} as ${client}, ${verdict.kind}: ${verdict.why}.`,
    ...(remedies.length === 0 ? {} : { remedy: [...new Set(remedies)].join('\n') }),
  };
}
