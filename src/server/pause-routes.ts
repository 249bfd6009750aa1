import type { FastifyInstance } from 'fastify';
import type { View } from '../publish/api/schemas.ts';
import type { PauseState } from '../schedule/pause.ts';
import { operations } from '../publish/api/openapi.ts';
import { acting } from './acting.ts';
import { apiRoute, sendError, sendJson } from './api-route.ts';
import type { ServerDeps } from './deps.ts';
import { type Handler, queryText } from './routes.ts';

/** `POST /api/v1/pause` and `/api/v1/resume`: the kill switch. Both answer with the state that holds from then on. */
export function pauseRoutes(app: FastifyInstance, { pause: control, disabled }: ServerDeps): void {
  const what = { action: 'pause', disabled } as const;
  const pause: Handler = async (request, reply) => {
    const answer = control.pause(queryText(request, 'for'));
    return 'error' in answer ? sendError(reply, 400, answer.error) : sendJson(reply, 200, pauseView(answer));
  };
  const resume: Handler = async (_request, reply) => {
    control.resume();
    return sendJson(reply, 200, pauseView(control.state()));
  };
  apiRoute(app, operations.pause, acting(what, pause, sendError));
  apiRoute(app, operations.resume, acting(what, resume, sendError));
}

/** The state as JSON. */
export function pauseView(state: PauseState | undefined): View<'Pause'> {
  return { paused: state !== undefined, ...state };
}
