/** The parts of a dashboard's JSON that hold queries. */
interface Board {
  readonly title: string;
  readonly panels: readonly { readonly title?: string; readonly targets?: readonly { readonly expr: string }[] }[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr?: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly query?: unknown }[] };
}

export interface BoardQuery {
  readonly where: string;
  readonly expr: string;
}

/** Every query of a board with the place it stands at: panels, annotations, variables. */
export function queriesOf(json: string): BoardQuery[] {
  const board = JSON.parse(json) as Board;
  return [
    ...board.panels.flatMap(({ title = '', targets = [] }) =>
      targets.map(({ expr }) => ({ where: `${board.title}: ${title}`, expr })),
    ),
    ...board.annotations.list.flatMap(({ name, expr }) =>
      expr === undefined ? [] : [{ where: `${board.title}: annotation ${name}`, expr }],
    ),
    ...board.templating.list.flatMap(({ name, query }) => {
      const expr = typeof query === 'string' ? promqlOf(query) : undefined;
      return expr === undefined ? [] : [{ where: `${board.title}: variable ${name}`, expr }];
    }),
  ];
}

function promqlOf(query: string): string | undefined {
  return /^label_values\((.+), \w+\)$/.exec(query)?.[1] ?? /^query_result\((.+)\)$/.exec(query)?.[1];
}

/** The query as Grafana would send it with everything chosen, and these values of the other variables. */
export function expanded(expr: string, values: Readonly<Record<string, string>>): string {
  return expr.replaceAll(/\$\{(\w+)\}|\$(\w+)/g, (_whole, braced: string | undefined, plain: string | undefined) => {
    return values[braced ?? plain ?? ''] ?? '.+';
  });
}

/** Every selector in an expression: the series' name with its matchers. */
export function selectorsOf(expr: string): string[] {
  return (
    expr.match(/\b(?:blobprobe_\w+|\w+:blobprobe_\w+:\w+|up|ALERTS|process_start_time_seconds)\b(?:\{[^}]*\})?/g) ?? []
  );
}
