/** What requests can do besides reading; `--web.disable` takes each away. */
export const webActions = ['run', 'reload', 'pause'] as const;
export type WebAction = (typeof webActions)[number];
