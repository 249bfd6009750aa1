/** A step into the configuration: a key, or an index of a list. */
export type ConfigPath = readonly (string | number)[];

/** Line and column as editors count them, from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where something stands that has this text before it. */
export function positionAfter(text: string): Position {
  return { line: text.split('\n').length, column: text.length - text.lastIndexOf('\n') };
}

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  readonly file: string;
  /** Absent when the file as a whole is meant. */
  readonly position?: Position;
  readonly path: ConfigPath;
  /** `expected …, got …`. Never holds the value of a secret. */
  readonly message: string;
}

/** A configuration that cannot be used, with everything that is wrong with it, in the order of the file. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const inOrder = inFileOrder(problems);
    super(inOrder.map(formatProblem).join('\n'));
    this.problems = inOrder;
  }
}

/** `config.yaml:3:14: checks.large.size: expected …, got …`, always one line. */
export function formatProblem(problem: ConfigProblem): string {
  const { file, position, path, message } = problem;
  const place = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  return path.length === 0 ? `${place}: ${message}` : `${place}: ${formatPath(path)}: ${message}`;
}

/** `registries.gitea.paths.internal.dns[0]`; a key with other characters than a name's is quoted. */
function formatPath(path: ConfigPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += (text === '' ? '' : '.') + (/^[\w-]+$/.test(step) ? step : JSON.stringify(step));
  }
  return text;
}

function inFileOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const distinct = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...distinct.values()].sort(
    (a, b) =>
      (a.position?.line ?? 0) - (b.position?.line ?? 0) || (a.position?.column ?? 0) - (b.position?.column ?? 0),
  );
}
