import { Redactor } from '../../src/network/secrets/redactor.ts';
import type { Behaviour, Scene, Seen } from '../../src/probe/diagnose/conformance-scene.ts';
import { Ledger } from '../../src/probe/leftovers/ledger.ts';
import { RunTrail } from '../../src/probe/leftovers/ledger-trail.ts';
import { checkOf } from './checks.ts';
import { answerOf, exchangeOf } from './exchanges.ts';
import { lines, type Scripted, scriptedClient } from './scripted-client.ts';

/** A behaviour that was tried once, with these answers in turn: what was seen or thrown, what was sent, in which step and with which rights, and what is left of it. */
export async function tried(
  { look }: Pick<Behaviour, 'look'>,
  answers: readonly Scripted[],
  changes: Partial<Omit<Scene, 'client' | 'trail'>> = {},
) {
  const rights: string[] = [];
  let asked = '';
  const { client, sent } = scriptedClient(answers, {
    onStep: (step) => void (step === 'auth' || rights.push(`${step}: ${asked}`)),
    authorizer: {
      authorization: async (_url, actions) => void (asked = actions.join()),
      challenged: async () => false,
    },
  });
  const ledger = new Ledger();
  const scene: Scene = {
    client,
    trail: new RunTrail(ledger, checkOf('https://registry.example.org'), new Redactor()),
    opened: exchangeOf({ response: answerOf(202) }),
    session: {
      location: client.url('blobs/uploads/1'),
      acknowledgedBytes: undefined,
      chunkMinBytes: undefined,
    },
    chunkBytes: 16,
    heldBytes: 0,
    refusedChunk: false,
    blob: undefined,
    ...changes,
  };
  const result: Seen | { readonly error: unknown } = await look(scene).catch((error: unknown) => ({ error }));
  const said = 'error' in result ? 'thrown' : `${result.outcome}: ${result.words}`;
  return {
    result,
    said,
    scene,
    sent,
    rights,
    asked: lines(sent),
    left: ledger.entries.map(({ kind, state }) => `${kind} ${state}`),
  };
}
