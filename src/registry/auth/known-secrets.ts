import { Redactor } from '../../network/secrets/redactor.ts';
import type { NetworkPath } from '../../network/path.ts';
import type { RegistryTarget } from '../target.ts';
import { secretTextOf, textOf } from './credentials.ts';

/**
 * What is known to be confidential before the first request: servers may remember it from an earlier run. Credentials of a
 * Docker configuration come when they are used. What cannot be read is nothing that could be repeated; its use will say so.
 */
export function knownSecrets(path: NetworkPath, { credentials }: RegistryTarget): Redactor {
  const redactor = new Redactor();
  for (const text of [secretTextOf(credentials), path.proxy?.password && textOf(path.proxy.password)]) {
    if (text === undefined) continue;
    redactor.add(text);
    if (credentials.kind === 'basic') redactor.add(Buffer.from(`${credentials.username}:${text}`).toString('base64'));
  }
  redactor.addHeaders(path.headers);
  return redactor;
}
