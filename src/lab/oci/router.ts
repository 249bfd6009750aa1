import { percentDecoded } from '../../network/parse-url.ts';
import { repositoryPattern } from '../../registry/target.ts';
import type { Asked, RegistryAction } from './auth.ts';
import { deleteBlob, readBlob } from './blobs.ts';
import { type RegistryCall, refuseInText, sendError, sendJson } from './call.ts';
import { deleteManifest, listReferrers, listRepositories, listTags, putManifest, readManifest } from './manifests.ts';
import { cancelUpload, findUpload, patchUpload, putUpload, startUpload, uploadStatus } from './uploads.ts';

/** What a request asks of the registry, its right included, before anything is done. */
export interface Route extends Asked {
  readonly run: (call: RegistryCall) => void | Promise<void>;
}

const resourcePattern = /^\/v2\/(.+)\/(blobs|manifests|referrers|tags)\/(.*)$/;

/** Finds the route; `not-found`, `method` and `name` are answered by the caller with 404, 405 and 400. */
export function routeOf(method: string, path: string): Route | 'not-found' | 'method' | 'name' {
  const reads = method === 'GET' || method === 'HEAD';
  if (path === '/v2/' || path === '/v2')
    return reads ? { repository: undefined, action: 'pull', run: (call) => sendJson(call, 200, {}) } : 'method';
  if (path === '/v2/_catalog')
    return reads ? { repository: undefined, action: 'pull', run: listRepositories } : 'method';
  const upload = /^\/v2\/(.+)\/blobs\/uploads(?:\/([^/]*))?$/.exec(path);
  const match = upload ?? resourcePattern.exec(path);
  const name = match?.[1] ?? '';
  if (!match) return 'not-found';
  if (!repositoryPattern.test(name)) return 'name';
  // Clients escape the colon of a digest; what is no valid escape fails as a reference.
  const route = upload
    ? uploadRoute(method, name, upload[2] ?? '')
    : resourceRoute(method, name, match[2] ?? '', percentDecoded(match[3] ?? ''));
  return route ?? 'method';
}

function uploadRoute(method: string, repository: string, id: string): Route | undefined {
  if (id === '')
    return method === 'POST' ? { repository, action: 'push', run: (call) => startUpload(call, repository) } : undefined;
  const handler = { PATCH: patchUpload, PUT: putUpload, GET: uploadStatus, DELETE: cancelUpload }[method];
  if (!handler) return undefined;
  return {
    repository,
    // distribution wants the right to delete for a cancel, though nothing committed is touched.
    action: method === 'DELETE' ? 'delete' : 'push',
    run(call) {
      const found = findUpload(call, repository, id);
      return found && handler(call, found);
    },
  };
}

function resourceRoute(method: string, repository: string, resource: string, reference: string): Route | undefined {
  const reads = method === 'GET' || method === 'HEAD';
  const route = (action: RegistryAction, run: Route['run']): Route => ({ repository, action, run });
  if (resource === 'tags')
    return reads && reference === 'list' ? route('pull', (call) => listTags(call, repository)) : undefined;
  if (resource === 'referrers')
    return reads ? route('pull', (call) => listReferrers(call, repository, reference)) : undefined;
  if (resource === 'blobs') {
    if (reads) return route('pull', (call) => readBlob(call, repository, reference));
    return method === 'DELETE' ? route('delete', (call) => deleteBlob(call, repository, reference)) : undefined;
  }
  if (reads) return route('pull', (call) => readManifest(call, repository, reference));
  if (method === 'PUT') return route('push', (call) => putManifest(call, repository, reference));
  return method === 'DELETE' ? route('delete', (call) => deleteManifest(call, repository, reference)) : undefined;
}

/** Answers what no route takes. */
export function refuseRoute(call: RegistryCall, why: 'not-found' | 'method' | 'name'): void {
  if (why === 'name') return sendError(call, 400, 'NAME_INVALID');
  // Gitea knows a method and a path as one.
  const isOne = call.settings.quirks.plainRefusals !== 'none';
  if (why === 'method' && !isOne) return sendError(call, 405, 'UNSUPPORTED');
  refuseInText(call, 404, isOne ? '404 page not found' : 'Not found.');
}
