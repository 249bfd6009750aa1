/**
 * `body`: largest body, in bytes. In milliseconds: `request`: longest request, its body included; `silence`: longest pause in a body;
 * `answer`: longest wait for the answer once the body is through. `collects`: 1 when bodies are collected before they go on, else 0.
 */
export const limitKinds = ['body', 'request', 'silence', 'answer', 'collects'] as const;
export type LimitKind = (typeof limitKinds)[number];
