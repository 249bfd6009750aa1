import type { FastifyInstance } from 'fastify';
import { operations } from '../publish/openapi.ts';
import { answersOf, sendJson } from './api-routes.ts';
import type { PauseControl } from './deps.ts';
import { pauseView } from './pause-view.ts';
import { queryText, route } from './routes.ts';
import { isCrossSite } from './same-origin.ts';

/** `POST /api/v1/pause` and `/api/v1/resume`: the kill switch. Both answer with the state that holds from then on. */
export function pauseRoutes(app: FastifyInstance, control: PauseControl): void {
  const { pause, resume } = operations;
  route(
    app,
    ['POST'],
    pause.path,
    async (request, reply) => {
      if (isCrossSite(request)) {
        return sendJson(reply, 403, { error: 'requests made by other sites are refused' });
      }
      const answer = control.pause(queryText(request, 'for'));
      return 'error' in answer ? sendJson(reply, 400, answer) : sendJson(reply, 200, pauseView(answer));
    },
    answersOf(pause),
  );
  route(
    app,
    ['POST'],
    resume.path,
    async (request, reply) => {
      if (isCrossSite(request)) {
        return sendJson(reply, 403, { error: 'requests made by other sites are refused' });
      }
      control.resume();
      return sendJson(reply, 200, pauseView(control.state()));
    },
    answersOf(resume),
  );
}
