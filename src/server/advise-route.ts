import type { FastifyInstance } from 'fastify';
import { type Check, checkId } from '../probe/check.ts';
import { type Known, knownOf } from '../probe/advise/known.ts';
import { advisedView } from '../publish/advice/advised-view.ts';
import { operations } from '../publish/api/openapi.ts';
import { imageOfSizes } from '../registry/image/stored-image.ts';
import { apiRoute, sendError, sendJson } from './api-route.ts';
import type { ServerDeps } from './deps.ts';
import { queryText } from './routes.ts';

/** More layers than any image has. */
const mostLayers = 1_000;

/** `GET /api/v1/advise`: judges sizes by what history and searches hold; runs nothing. */
export function adviseRoute(app: FastifyInstance, deps: ServerDeps): void {
  apiRoute(app, operations.advise, async (request, reply) => {
    const sizes = sizesOf(queryText(request, 'layers'));
    if (sizes === undefined) return sendError(reply, 400, 'layers: expected sizes in bytes, separated by commas');
    const registry = queryText(request, 'registry');
    const checks = deps.checks().filter((check) => registry === undefined || check.registry.name === registry);
    if (registry !== undefined && checks.length === 0)
      return sendError(reply, 404, 'no registry of this name has checks');
    const images = sizes.length === 0 ? [] : [imageOfSizes('layers', sizes)];
    return sendJson(reply, 200, advisedView(images, knownBy(deps, checks)));
  });
}

/** What the runs of the checks in force, and searches on their registries, say. */
function knownBy({ history, limits }: ServerDeps, checks: readonly Check[]): Known[] {
  const registries = new Set(checks.map(({ registry }) => registry.name));
  const runs = checks.flatMap((check) => history.list({ checkId: checkId(check) }));
  const found = limits().filter(({ registry }) => registries.has(registry));
  return knownOf(
    runs,
    found,
    checks.map(({ path }) => path),
  );
}

/** undefined: they are no sizes. */
function sizesOf(text: string | undefined): number[] | undefined {
  if (text === undefined) return [];
  const sizes = text.split(',').map((one) => (/^\d{1,15}$/.test(one.trim()) ? Number(one) : Number.NaN));
  return sizes.length <= mostLayers && sizes.every((size) => size > 0) ? sizes : undefined;
}
