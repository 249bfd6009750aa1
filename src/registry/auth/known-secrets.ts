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
  const add = (text: string | undefined, username: string | undefined): void => {
    if (text === undefined) return;
    redactor.add(text);
    if (username !== undefined) redactor.add(Buffer.from(`${username}:${text}`).toString('base64'));
  };
  add(secretTextOf(credentials), credentials.kind === 'basic' ? credentials.username : undefined);
  for (const proxy of [path.proxy, other?.proxy]) add(proxy?.password && textOf(proxy.password), proxy?.username);
  redactor.addHeaders(path.headers);
  if (other !== undefined) redactor.addHeaders(other.headers);
  return redactor;
}
