import { behaviourNames, type Conformance } from './conformance.ts';

/** `ingress: referrers: not supported, answered 404`: the first round over each path. */
export function conformanceFacts(conformance: Conformance | undefined): string[] {
  const rounds = [conformance?.subject[0], conformance?.direct[0]];
  return rounds.flatMap((round) =>
    round === undefined
      ? []
      : behaviourNames.map((name) => {
          const { outcome, words } = round.behaviours[name];
          return `${round.path}: ${name}: ${outcome}, ${words}`;
        }),
  );
}

/** Body bytes that all rounds sent. */
export function conformanceBytes(conformance: Conformance | undefined): number {
  const rounds = [...(conformance?.subject ?? []), ...(conformance?.direct ?? [])];
  return rounds.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
}
