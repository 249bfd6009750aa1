import type { View } from '../publish/api/schemas.ts';
import type { PauseState } from '../schedule/pause.ts';

/** The state as JSON. */
export function pauseView(state: PauseState | undefined): View<'Pause'> {
  return { paused: state !== undefined, ...state };
}
