import { type ApiReport, apiCheckEndpoints } from '../../probe/diagnose/api-check.ts';
import { html, type SafeHtml } from '../html.ts';
import { boundWords } from '../limit-words.ts';
import type { PathLimit } from '../../probe/limits/limit.ts';
import type { CheckStatus, RegistryStatus } from '../status.ts';
import type { PageFrame } from './layout.ts';
import { matrix } from './matrix.ts';

/** What a round, or a person's diagnosis, concluded about a registry. */
export interface VerdictText {
  readonly registry: string;
  readonly sentence: string;
  /** What to do about it, one thing a line. What is between backticks is to be typed. */
  readonly remedy?: string;
}

/** What is known of registries and paths beside runs. */
export interface PathFindings {
  readonly verdicts: readonly VerdictText[];
  readonly limits: readonly PathLimit[];
  /** The last look at each path's API. */
  readonly apis: readonly ApiReport[];
  /** Buttons that start runs stand on the page. */
  readonly mayRun?: boolean;
  /** Milliseconds until the schedule runs such a check. */
  readonly dueInMs?: (check: CheckStatus) => number | undefined;
}

/** The matrix of a registry, under a sentence on it. `note` says what of it is not here. */
export function registrySection(
  frame: PageFrame,
  registry: RegistryStatus,
  facts: PathFindings,
  note: SafeHtml = html``,
): SafeHtml {
  const verdict = facts.verdicts.find((candidate) => candidate.registry === registry.name);
  const { mayRun = false, dueInMs = () => undefined } = facts;
  const beside = (path: string): SafeHtml[] => [
    apiOf(facts.apis, registry.name, path),
    ...limitsOf(facts.limits, registry.name, path),
  ];
  return html`<section>
<h2>${registry.name}</h2>
<p class="verdict ${colourOf(registry.checks)}">${registry.summary}</p>
${verdict !== undefined && html`<details class="screen"><summary>What the last round says</summary><p>${verdict.sentence}</p></details>`}
${!registry.realWaits && html`<p class="soft">Some of these checks wait less between attempts than the real clients do, so a push with retries takes the real client longer.</p>`}
${note}
${matrix(frame, registry, { mayRun, dueInMs, beside })}</section>
`;
}

/** Green is for what is known to work: not for what has had no run, or none of late. */
function colourOf(checks: RegistryStatus['checks']): 'failed' | 'ok' | '' {
  if (checks.some(({ state }) => state === 'failed')) return 'failed';
  return checks.every(({ state }) => state === 'ok' || state === 'retried') ? 'ok' : '';
}

function apiOf(apis: readonly ApiReport[], registry: string, path: string): SafeHtml {
  const api = apis.find((one) => one.registry === registry && one.path === path);
  if (api === undefined) return html``;
  const byReason = new Map<string, string[]>();
  for (const endpoint of apiCheckEndpoints) {
    const state = api.endpoints[endpoint];
    if (!state.up) byReason.set(state.failure.reason, [...(byReason.get(state.failure.reason) ?? []), endpoint]);
  }
  const up = apiCheckEndpoints.filter((endpoint) => api.endpoints[endpoint].up);
  const down = [...byReason].map(([reason, endpoints]) => `${endpoints.join(', ')} (${reason})`);
  return html`${up.length > 0 && html`<br><span class="soft">API up: ${up.join(', ')}</span>`}${down.length > 0 && html`<br><span class="state failed">API down: ${down.join('; ')}</span>`}`;
}

function limitsOf(limits: readonly PathLimit[], registry: string, path: string): SafeHtml[] {
  return limits
    .filter((limit) => limit.registry === registry && limit.path === path)
    .map((limit) => {
      const { client, direction, largestAccepted, smallestRejected } = limit;
      const [passes, fails] = direction === 'push' ? ['accepts', 'rejects'] : ['gives back', 'cuts'];
      const parts = [
        largestAccepted === undefined ? '' : `${passes} ${boundWords(largestAccepted, limit)}`,
        smallestRejected === undefined ? '' : `${fails} ${boundWords(smallestRejected, limit)}`,
      ].filter((part) => part !== '');
      return html`<br><span class="soft">${client}: ${parts.join(', ')}</span>`;
    });
}
