import {
  type DemoRegistry as ShippedRegistry,
  type RegistryOptions as ShippedOptions,
  startRegistry as startShipped,
} from '../../../src/lab/registry.ts';
import { authOf, createTokenSigner, type RegistryAuth } from './auth.ts';
import { type Intercept, react } from './intercept.ts';
import { type QuirksName, quirksOf, type RegistryQuirks } from './quirks.ts';
import { answerToken } from './token-service.ts';

export interface RegistryOptions extends Omit<ShippedOptions, 'auth' | 'quirks' | 'answersItself'> {
  /** Default: none. */
  readonly auth?: RegistryAuth;
  /** A row by name, with fields of it replaced if need be; default `spec`. */
  readonly quirks?: QuirksName;
  readonly quirksChanges?: Partial<RegistryQuirks>;
  /** Scripted answers; see `Reaction`. Can be replaced at any time. */
  readonly intercept?: Intercept;
}

/** The lab's registry, as tests need it: with a token service, the oddities of other registries, and scripted answers. */
export type DemoRegistry = ShippedRegistry & { intercept: Intercept | undefined };

/**
 * Starts a registry on 127.0.0.1. Rejects when the port is taken.
 *
 *     const registry = await startRegistry({ auth: { kind: 'basic', users: [{ name: 'u', password: 'p' }] } });
 *     registry.intercept = (request) => (request.method === 'PATCH' ? { kind: 'reset', readBytes: 1024 } : undefined);
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<DemoRegistry> {
  const { auth = { kind: 'none' }, quirks: name = 'spec', quirksChanges, intercept, ...shipped } = options;
  const quirks = { ...quirksOf(name), ...quirksChanges };
  const signer = createTokenSigner();
  const script = { intercept };
  const registry = await startShipped({
    ...shipped,
    quirks,
    auth: authOf(auth, quirks, signer),
    async answersItself(call, reset) {
      const reaction = script.intercept?.(call.entry);
      if (reaction !== undefined && (await react(call, reaction, reset))) return true;
      if (auth.kind !== 'bearer' || call.url.pathname !== quirks.tokenPath) return false;
      await answerToken(call, { auth, signer, quirks });
      return true;
    },
  });
  return Object.defineProperty(registry, 'intercept', {
    get: () => script.intercept,
    set: (next: Intercept | undefined) => (script.intercept = next),
  }) as DemoRegistry;
}
