import { requestsOf } from '../outcome.ts';
import { reasonTable } from '../judge/reason-table.ts';
import { causes } from './causes.ts';
import { isOfRegistry } from './observed.ts';
import { type Finding, findingOf } from './finding.ts';
import { describeTrial } from './symptoms.ts';
import type { Examination, Examined, Trial } from './trial.ts';

/** Nothing gets through over both paths, from the start or at the end: then the registry is gone, and no path is judged by it. */
export function goneRegistry({ subject, direct }: Examination): Finding | undefined {
  if (direct === undefined) return undefined;
  const [here, there] = [deadTrial(subject), deadTrial(direct)];
  if (here === undefined || there === undefined) return undefined;
  const evidence = [
    `${subject.path.name}, ${describeTrial(here)}`,
    `${direct.path.name}, ${describeTrial(there)}`,
    ...(here.kind === 'again' ? ['both paths had worked before'] : []),
  ];
  // Twice over each path: one failure may be a restart that was met by chance.
  const failed = [subject, direct].map(({ trials }) => trials.filter(({ run }) => !run.ok).length);
  const confidence = Math.min(...failed) >= 2 ? 'certain' : 'likely';
  return findingOf('registry_down', causes.registry_down, { hop: 'registry_app', confidence, evidence });
}

/** The last small push, if it failed as pushes to a registry fail that is not there. */
function deadTrial({ trials }: Examined): Trial | undefined {
  const last = trials.findLast(({ kind }) => kind === 'again') ?? trials.find(({ kind }) => kind === 'small');
  const failure = last?.run.failure;
  // A registry that answered within the same push is there.
  const dead =
    !requestsOf(last?.run ?? { attempts: [] }).some(isOfRegistry) &&
    failure !== undefined &&
    reasonTable[failure.reason].round.family === 'down' &&
    failure.answeredBy !== 'registry';
  return dead ? last : undefined;
}
