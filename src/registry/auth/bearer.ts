import type { Exchange } from '../../network/exchange.ts';
import { isOwnOrigin } from '../../network/hosts.ts';
import type { NetworkPath } from '../../network/path.ts';
import type { Secret } from '../../network/secrets/secret.ts';
import { AuthError } from './auth-error.ts';
import { type AuthFact, resolveRealm } from './realm.ts';
import { fetchToken, type Token, type TokenQuestion, type TokenService } from './token.ts';
import type { Challenge } from './challenge.ts';

/** What a token must allow, in the words of the token specification's repository scope. */
export type Action = 'pull' | 'push' | 'delete';

interface BearerOptions {
  readonly path: NetworkPath;
  readonly repository: string;
  readonly service: Omit<TokenService, 'headersFor' | 'vetted'>;
  /** Headers of token requests: the client's User-Agent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly challenge: Challenge;
  readonly challenged: Exchange;
  readonly onFact: (fact: AuthFact) => void;
}

/** The tokens for one host that challenged with Bearer, kept by scope. */
export class Bearer {
  readonly #options: BearerOptions;
  readonly #realm: URL;
  readonly #tokens = new Map<string, Token>();
  readonly #pending = new Map<string, Promise<Token>>();
  #challengeScopes: readonly string[] = [];

  /** Throws AuthError `realm_not_allowed` or `challenge_unparsable`. */
  constructor(options: BearerOptions) {
    this.#options = options;
    const { path, challenge, challenged, onFact, service } = options;
    const realm = challenge.parameters.get('realm') ?? '';
    this.#realm = resolveRealm(path, challenged, realm, onFact, service.behaviour.refusesRealm);
    this.#addScopes(challenge);
  }

  /** A token for these actions, fetched when there is none or the client takes it for old. */
  async token(
    credentials: TokenQuestion['credentials'],
    actions: readonly Action[],
    signal: AbortSignal,
  ): Promise<Secret> {
    const scopes = this.#scopes(actions);
    const key = scopes.join(' ');
    const { behaviour, now } = this.#options.service;
    const byClock = behaviour.refresh === 'by-clock' || behaviour.refresh === 'clock-and-401';
    const kept = this.#tokens.get(key);
    if (kept !== undefined && !(byClock && now() > kept.renewAtMs)) return kept.value;
    const fetched = await this.#fetchOnce(key, { ...this.#question(scopes), credentials }, signal);
    return fetched.value;
  }

  /** The token for these actions is not used again. */
  forget(actions: readonly Action[]): void {
    this.#tokens.delete(this.#scopes(actions).join(' '));
  }

  /** Takes note of a later challenge's scope. false: it names another token service, so this one is of no more use. */
  learn(challenge: Challenge, challenged: Exchange): boolean {
    const { path, challenge: first, service } = this.#options;
    const named = challenge.parameters.get('realm') ?? '';
    const realm = resolveRealm(path, challenged, named, () => {}, service.behaviour.refusesRealm);
    if (realm.href !== this.#realm.href) return false;
    if (challenge.parameters.get('service') !== first.parameters.get('service')) return false;
    this.#addScopes(challenge);
    return true;
  }

  /** Layers pushed side by side ask for the same token at the same time: one request serves them all. */
  async #fetchOnce(key: string, question: TokenQuestion, signal: AbortSignal): Promise<Token> {
    const running = this.#pending.get(key);
    if (running !== undefined) {
      try {
        return await running;
      } catch (error) {
        // Somebody else's abort is no reason to give up.
        if (error instanceof AuthError || signal.aborted) throw error;
        return this.#fetchOnce(key, question, signal);
      }
    }
    const started = fetchToken(this.#service(), question, signal).finally(() => this.#pending.delete(key));
    this.#pending.set(key, started);
    const token = await started;
    this.#tokens.set(key, token);
    return token;
  }

  /** The path's own extra headers go wherever its requests go, and no further: they may be an access proxy's credentials. */
  #service(): TokenService {
    const { path, service, headers, onFact } = this.#options;
    return {
      ...service,
      headersFor: (url) => (isOwnOrigin(path, url) ? { ...headers, ...path.headers } : headers),
      vetted: (answer, location) => resolveRealm(path, answer, location, onFact),
    };
  }

  #question(scopes: readonly string[]): Omit<TokenQuestion, 'credentials'> {
    return { realm: this.#realm, service: this.#options.challenge.parameters.get('service'), scopes };
  }

  #scopes(actions: readonly Action[]): string[] {
    const { repository, service } = this.#options;
    if (actions.length === 0) return [...this.#challengeScopes];
    const own = `repository:${repository}:${inOrder(actions, service.behaviour.actionOrder).join(',')}`;
    if (!service.behaviour.addsChallengeScope) return [own];
    return [...this.#challengeScopes.filter((scope) => !covers(own, scope)), own].toSorted();
  }

  #addScopes(challenge: Challenge): void {
    const named = (challenge.parameters.get('scope') ?? '')
      .split(/\s/)
      .filter((scope) => scope !== '' && scope.length <= maxScopeChars);
    this.#challengeScopes = [...new Set([...this.#challengeScopes, ...named])].slice(0, maxScopes);
  }
}

/** A registry that names a new scope in each challenge must not make token requests grow without end. */
const maxScopes = 32;
const maxScopeChars = 512;

function inOrder(actions: readonly Action[], order: 'pull,push' | 'push,pull'): Action[] {
  const all: readonly Action[] = order === 'pull,push' ? ['pull', 'push', 'delete'] : ['push', 'pull', 'delete'];
  return all.filter((action) => actions.includes(action));
}

/** Whether `own` already asks for all that `scope` names. */
function covers(own: string, scope: string): boolean {
  const split = (text: string): [string, string[]] => {
    const colon = text.lastIndexOf(':');
    return [text.slice(0, colon), text.slice(colon + 1).split(',')];
  };
  const [resource, actions] = split(own);
  const [otherResource, otherActions] = split(scope);
  return resource === otherResource && otherActions.every((action) => actions.includes(action));
}
