/** The `code` of a Node or undici error, looked for in its causes and in the members of an AggregateError. */
export function errorCode(error: unknown): string | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; current = current.cause, depth += 1) {
    const code: unknown = 'code' in current ? current.code : undefined;
    if (typeof code === 'string') return code;
    if (current instanceof AggregateError) return errorCode(current.errors[0]);
  }
  return undefined;
}

/** The same, for where there must be one: nearly all that Node throws has a code. */
export function codeOf(error: unknown): string {
  return errorCode(error) ?? 'UNKNOWN';
}

/** What an error says; of anything else that was thrown, its text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
