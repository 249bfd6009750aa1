import { isObject, parseJson } from '../../registry/json.ts';

/** What shows logs puts before their lines, or around them. */
const prefixes: readonly RegExp[] = [
  // journalctl and syslog: a priority, a time, a host, a program.
  /^(?:<\d{1,3}>)?(?:\d )?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)) \S+ [^\s:[]+(?:\[\d+\])?: /,
  // Kubernetes' runtimes (CRI), and `kubectl logs --timestamps`.
  /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) (?:std(?:out|err) [FP] )?/,
  // `kubectl logs --prefix`
  /^\[pod\/[^\]\s]+\] /,
  // `docker compose logs`
  /^[\w.-]+ +\| /,
  // `grep` over several files, with line numbers or without.
  /^[\w./-]+\.log(?:\.\d+)?:(?:\d+:)?/,
];

/** Keys under which Docker's files, journalctl and collectors keep a line. */
const keys = ['log', 'MESSAGE', 'message', 'msg'] as const;

/** The line without the outermost of what is around it; undefined: there is nothing. */
export function unwrapped(line: string): string | undefined {
  const inner = innerOf(line);
  if (inner !== undefined) return inner.trim();
  const prefix = prefixes.map((pattern) => pattern.exec(line)?.[0] ?? '').find((found) => found !== '');
  return prefix === undefined ? undefined : line.slice(prefix.length).trim();
}

function innerOf(line: string): string | undefined {
  const fields = parseJson(line);
  return isObject(fields) ? keys.map((key) => fields[key]).find((value) => typeof value === 'string') : undefined;
}
