import { Confidences } from '../network/confidences.ts';
import type { NetworkPath } from '../network/path.ts';
import type { Secret } from '../network/secret.ts';
import type { RegistryTarget } from './target.ts';

/**
 * What is known to be confidential before the first request: servers may remember it from an earlier run. Credentials of a
 * Docker configuration come when they are used. What cannot be read is nothing that could be repeated; its use will say so.
 */
export function knownSecrets(path: NetworkPath, { credentials }: RegistryTarget): Confidences {
  const confidences = new Confidences();
  const secret =
    credentials.kind === 'basic' ? credentials.password : 'token' in credentials ? credentials.token : undefined;
  for (const one of [secret, path.proxy?.password]) {
    const text = one === undefined ? undefined : textOf(one);
    if (text !== undefined) confidences.add(text);
    if (text !== undefined && credentials.kind === 'basic') {
      confidences.add(Buffer.from(`${credentials.username}:${text}`).toString('base64'));
    }
  }
  confidences.addHeaders(path.headers);
  return confidences;
}

function textOf(secret: Secret): string | undefined {
  try {
    return secret.reveal();
  } catch {
    return undefined;
  }
}
