import type { FastifyInstance, FastifyRequest } from 'fastify';
import { acting } from '../server/acting.ts';
import { type Handler, queryText, route, sendText } from '../server/routes.ts';
import { applyChange, type LabChange, parseChange } from './lab-change.ts';
import type { DemoLab } from './lab.ts';

/**
 * `POST /demo/break?path=&preset=`, `/demo/heal?path=` and `/demo/restore?path=` on the demo's own web server, one line of
 * text back: 200 with what was done, 400 with what was wrong. The daemon proper never has these routes.
 */
export function demoRoutes(lab: DemoLab): (app: FastifyInstance) => void {
  return (app) => {
    for (const action of ['break', 'heal', 'restore'] as const) {
      const handler: Handler = async (request, reply) => {
        const change = changeOf(lab, action, request);
        return change instanceof Error
          ? sendText(reply, 400, change.message)
          : sendText(reply, 200, applyChange(lab, change));
      };
      route(app, ['POST'], `/demo/${action}`, acting({ action: 'demo' }, handler));
    }
  };
}

function changeOf(lab: DemoLab, action: LabChange['action'], request: FastifyRequest): LabChange | RangeError {
  try {
    const names = lab.paths.map(({ name }) => name);
    return parseChange(action, queryText(request, 'path'), queryText(request, 'preset'), names);
  } catch (error) {
    if (error instanceof RangeError) return error;
    throw error;
  }
}
