import type { PauseState } from '../schedule/pause.ts';

/** The state as JSON. */
export function pauseView(state: PauseState | undefined): object {
  return { paused: state !== undefined, ...state };
}
