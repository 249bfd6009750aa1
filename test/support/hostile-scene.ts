import { type AddressInfo, createServer } from 'node:net';
import type { Script, Scripts } from './scripted-registry.ts';
import { spellings } from './spellings.ts';

/** With marks that encoders change. */
export const password = 'CANARY-pa"ss&w<o>rd/+1';
const pair = Buffer.from(`probe:${password}`).toString('base64');

/** What no output may hold: the password, and with its user, in every spelling, and the most of it. */
export const leaks = [
  ...Object.values(spellings).flatMap((spell) => [spell(password), spell(pair)]),
  password.slice(0, 14),
];

/** Asks for the password as real registries do, and then makes its move; `at`: the beginnings of the requests that get it. */
export function hostile(move: Script, at: readonly string[]): Scripts {
  const asks: Script = (scene) =>
    scene.request.headers.authorization === undefined
      ? scene.answer(401, { 'WWW-Authenticate': 'Basic realm="registry"' })
      : scene.answer(200, {}, '{}');
  return { ...Object.fromEntries(at.map((start) => [start, move])), 'GET /v2/': asks };
}

export interface Elsewhere {
  /** A URL there. */
  readonly url: string;
  readonly connections: number;
  close(): void;
}

/** Stands for what no configuration names: it must not even see a connection. */
export async function startElsewhere(): Promise<Elsewhere> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
  return {
    url: `http://127.0.0.2:${(server.address() as AddressInfo).port}/x`,
    get connections() {
      return connections;
    },
    close: () => void server.close(),
  };
}
