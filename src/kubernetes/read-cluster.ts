import { messageOf } from '../network/errors.ts';
import { at } from '../config/raw.ts';
import {
  type Cluster,
  ClusterError,
  clusterObject,
  type ClusterObject,
  kindsRead,
  listAt,
  numberAt,
} from './objects.ts';

/** Where the cluster is: as `kubectl` finds it when nothing is said, inside a pod its service account. */
interface ClusterPlace {
  readonly kubeconfig?: string;
  readonly context?: string;
}

interface RequestContext {
  setSignal(signal: AbortSignal): void;
}

/** The part of @kubernetes/client-node that is used: its types are not there where it is not. */
interface Library {
  readonly KubeConfig: new () => {
    loadFromFile(file: string): void;
    loadFromDefault(): void;
    setCurrentContext(name: string): void;
    getCurrentContext(): string;
    getCurrentCluster(): { readonly server: string } | null;
  };
  readonly ServerConfiguration: new (server: string, variables: object) => object;
  createConfiguration(parts: { baseServer: object; authMethods: object; promiseMiddleware: readonly object[] }): object;
  readonly KubernetesObjectApi: new (configuration: object) => Api;
}

interface Api {
  list(apiVersion: string, kind: string): Promise<unknown>;
}

const libraryName = '@kubernetes/client-node';
const longestAnswerMs = 30_000;
/** What the library takes for the cluster where it found none. */
const libraryFallback = 'http://localhost:8080';
const noCluster =
  'no cluster is known here: KUBECONFIG, ~/.kube/config and the account of a pod are missing; give --kubeconfig=FILE, or --from=FILE with what kubectl get --output=json wrote';

/**
 * Lists every kind that is looked at, in all namespaces, one after the other. Nothing is written. A kind that the cluster does not have is
 * empty; one that may not be listed is said. Throws ClusterError: no library, no cluster, no answer. `load`: how the library is found.
 */
export async function readCluster(place: ClusterPlace, load: () => Promise<unknown> = loadLibrary): Promise<Cluster> {
  const { api, server } = await open(place, load);
  const objects: ClusterObject[] = [];
  const unread: { kind: ClusterObject['kind']; why: string }[] = [];
  for (const { apiVersion, kind } of kindsRead) {
    try {
      const list = await api.list(apiVersion, kind);
      // Items of a list do not say what they are.
      objects.push(
        ...listAt(list, 'items').flatMap((item) => clusterObject({ ...Object(item), apiVersion, kind }) ?? []),
      );
    } catch (error) {
      // Errors of sockets have a text there.
      const status = numberAt(error, 'code');
      // The group is not there, or it has no such kind: the library finds none, and says so without a status.
      const isAbsent = status === 404 || /unrecognized api version and kind/i.test(firstLineOf(error));
      if (isAbsent) continue;
      if (status !== 403)
        throw new ClusterError(`${server}: ${status === undefined ? firstLineOf(error) : `answered ${status}`}`);
      unread.push({ kind, why: 'forbidden' });
    }
  }
  return { objects, unread };
}

async function open(
  { kubeconfig, context }: ClusterPlace,
  load: () => Promise<unknown>,
): Promise<{ api: Api; server: string }> {
  const library = await loaded(load);
  const config = new library.KubeConfig();
  const refuse = (why: string): never => {
    throw new ClusterError(`the configuration of kubectl cannot be used: ${why}`);
  };
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
    if (context !== undefined) config.setCurrentContext(context);
  } catch (error) {
    return refuse(firstLineOf(error));
  }
  const { server } = config.getCurrentCluster() ?? {};
  if (server === undefined)
    return refuse(`it has no cluster for the context ${JSON.stringify(config.getCurrentContext())}`);
  if (server === libraryFallback && kubeconfig === undefined) throw new ClusterError(noCluster);
  // Without an end of its own, a request to a dead address would keep the program.
  const bounded = {
    pre: async (request: RequestContext) => {
      request.setSignal(AbortSignal.timeout(longestAnswerMs));
      return request;
    },
    post: async (response: unknown) => response,
  };
  const configuration = library.createConfiguration({
    baseServer: new library.ServerConfiguration(server, {}),
    authMethods: { default: config },
    promiseMiddleware: [bounded],
  });
  return { api: new library.KubernetesObjectApi(configuration), server };
}

/** Loaded here alone, and only when it is asked for: it takes a second and 80 MB. */
async function loadLibrary(): Promise<unknown> {
  return import('@kubernetes/client-node');
}

async function loaded(load: () => Promise<unknown>): Promise<Library> {
  try {
    return (await load()) as Library;
  } catch (error) {
    if (at(error, 'code') !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new ClusterError(
      `the package ${libraryName} is not installed: npm install --global ${libraryName}@1, or give --from=FILE with what kubectl get --output=json wrote`,
    );
  }
}

/** One line: what the library says may hold the whole answer. */
function firstLineOf(error: unknown): string {
  if (error instanceof Error && error.name === 'AbortError') return `no answer within ${longestAnswerMs} ms`;
  const text = messageOf(error);
  return (text.split('\n')[0] ?? '').slice(0, 300);
}
