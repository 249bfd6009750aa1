import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCertificates } from './certificates.ts';
import { kindsRead } from '../../src/kubernetes/objects.ts';

type Raw = Readonly<Record<string, unknown>>;

/** The part of the Kubernetes API that lists: discovery of groups, and all objects of a kind, as a real API server writes them. */
export interface ListServer {
  /** A configuration of kubectl, with the server's authority and a token. */
  readonly kubeconfig: string;
  readonly url: string;
  /** Method and URL of each request. */
  readonly requests: string[];
  close(): Promise<void>;
}

export interface ListServerOptions {
  readonly objects: readonly Raw[];
  /** Kinds that answer 403. */
  readonly forbidden?: readonly string[];
  /** Groups that answer 404, as where no CustomResourceDefinition is installed. */
  readonly absentGroups?: readonly string[];
  /** Kinds that their group does not have. */
  readonly absentKinds?: readonly string[];
  /** Answers every request with this status. */
  readonly status?: number;
}

const token = 'token-of-a-reader';

/** Starts it on loopback; the configuration goes into `folder`. */
export async function startListServer(folder: string, options: ListServerOptions): Promise<ListServer> {
  const { ca, valid } = createCertificates();
  const requests: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(`${request.method} ${request.url}`);
    const isLoggedIn = request.headers.authorization === `Bearer ${token}`;
    const { status, body } = isLoggedIn ? answerTo(request.url ?? '', options) : failure(401, 'Unauthorized');
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const server = createServer({ cert: valid.cert, key: valid.key }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(configOf(url, ca.cert)));
  return {
    kubeconfig,
    url,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function configOf(server: string, authority: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') } },
    ],
    users: [{ name: 'reader', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'reader' } }],
    'current-context': 'test',
  };
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

function failure(status: number, reason: string): Answer {
  return {
    status,
    body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message: reason, code: status },
  };
}

function answerTo(
  url: string,
  { objects, forbidden = [], absentGroups = [], absentKinds = [], status }: ListServerOptions,
): Answer {
  if (status !== undefined) return failure(status, 'InternalError');
  const version = kindsRead.map(({ apiVersion }) => apiVersion).find((one) => url.startsWith(baseOf(one)));
  if (version === undefined || absentGroups.some((group) => version.startsWith(`${group}/`)))
    return failure(404, 'NotFound');
  const kinds = kindsRead.filter(({ apiVersion, kind }) => apiVersion === version && !absentKinds.includes(kind));
  if (url === baseOf(version)) {
    const resources = kinds.map(({ kind, resource }) => ({
      name: resource,
      kind,
      namespaced: true,
      verbs: ['get', 'list'],
    }));
    return { status: 200, body: { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: version, resources } };
  }
  const row = kinds.find(({ resource }) => url === `${baseOf(version)}/${resource}`);
  if (row === undefined) return failure(404, 'NotFound');
  if (forbidden.includes(row.kind)) return failure(403, 'Forbidden');
  const items = objects.filter((one) => one['kind'] === row.kind).map(({ kind: _k, apiVersion: _v, ...rest }) => rest);
  return {
    status: 200,
    body: { kind: `${row.kind}List`, apiVersion: version, metadata: { resourceVersion: '1' }, items },
  };
}

function baseOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
