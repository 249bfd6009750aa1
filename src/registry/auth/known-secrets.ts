import { Redactor } from '../../network/secrets/redactor.ts';
import type { NetworkPath } from '../../network/path.ts';
import type { RegistryTarget } from '../target.ts';
import { secretTextOf, textOf } from './credentials.ts';

/**
 * What is known to be confidential before the first request: servers may remember it from an earlier run. Credentials of a
 * Docker configuration come when they are used. `other`: a second path that is used as well. What cannot be read is nothing that could be repeated; its use will say so.
 */
export function knownSecrets(path: NetworkPath, { credentials }: RegistryTarget, other?: NetworkPath): Redactor {
  const redactor = new Redactor();
  const ofProxies = [path, other].map((one) => one?.proxy?.password && textOf(one.proxy.password));
  for (const text of [secretTextOf(credentials), ...ofProxies]) {
    if (text === undefined) continue;
    redactor.add(text);
    if (credentials.kind === 'basic') redactor.add(Buffer.from(`${credentials.username}:${text}`).toString('base64'));
  }
  redactor.addHeaders(path.headers);
  if (other !== undefined) redactor.addHeaders(other.headers);
  return redactor;
}
