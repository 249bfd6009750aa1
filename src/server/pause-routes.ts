import type { FastifyInstance } from 'fastify';
import { operations } from '../publish/api/openapi.ts';
import { actingRoute } from './acting-route.ts';
import { answersOf, sendJson } from './api-routes.ts';
import type { PauseControl } from './deps.ts';
import { pauseView } from './pause-view.ts';
import { queryText } from './routes.ts';

/** `POST /api/v1/pause` and `/api/v1/resume`: the kill switch. Both answer with the state that holds from then on. */
export function pauseRoutes(app: FastifyInstance, control: PauseControl, disabled?: ReadonlySet<string>): void {
  const acting = { action: 'pause', disabled } as const;
  const { pause, resume } = operations;
  actingRoute(
    app,
    ['POST'],
    pause.path,
    acting,
    async (request, reply) => {
      const answer = control.pause(queryText(request, 'for'));
      return 'error' in answer ? sendJson(reply, 400, answer) : sendJson(reply, 200, pauseView(answer));
    },
    answersOf(pause),
  );
  actingRoute(
    app,
    ['POST'],
    resume.path,
    acting,
    async (_request, reply) => {
      control.resume();
      return sendJson(reply, 200, pauseView(control.state()));
    },
    answersOf(resume),
  );
}
