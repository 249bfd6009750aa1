import type { Fields, Logger } from '../../src/daemon/log.ts';

export interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Fields;
}

/** A log that keeps its lines. */
export function recordingLog(): { readonly log: Logger; readonly lines: Line[] } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (message: string, fields: Fields = {}) =>
      void lines.push({ level, message, fields });
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}
