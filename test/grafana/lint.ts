import { parser } from '@prometheus-io/lezer-promql';
import { expanded, selectorsOf } from '../support/board-queries.ts';

export interface Target {
  readonly expr: string;
  readonly datasource: { readonly uid: string; readonly type?: string };
}
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string; readonly type?: string };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string };
    readonly overrides?: readonly {
      readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
    }[];
  };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}
export interface Variable {
  readonly name: string;
  readonly label?: string;
  readonly type: string;
  readonly query?: unknown;
  readonly datasource?: { readonly uid: string };
  readonly multi?: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
}
export interface Board {
  readonly title: string;
  readonly uid: string;
  readonly editable: boolean;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr?: string }[] };
  readonly links: readonly {
    readonly tags: readonly string[];
    readonly includeVars: boolean;
    readonly keepTime: boolean;
  }[];
}

/** Of Grafana's units those that the boards use; all are on the linter's list. */
const units = ['none', 'short', 's', 'bytes', 'Bps', 'percentunit', 'string'];

type Rule = (board: Board) => readonly string[];

/**
 * The 17 rules of grafana/dashboard-linter (v0.1.1, lint/rules.go), as `--strict` has them: what it only warns of counts, too. They
 * hold for every kind of panel and without exclusions, where the linter leaves out some kinds.
 */
export const lintRules: Readonly<Record<string, Rule>> = {
  'template-datasource-rule': ({ templating }) => {
    const found = templating.list.filter(({ type }) => type === 'datasource');
    const [first] = found;
    const ok = found.length === 1 && first?.name === 'datasource' && first.label === 'Data source';
    return ok && first.query === 'prometheus' ? [] : ['no data source variable'];
  },
  'template-job-rule': (board) => targetVariable(board, 'job', 'Job'),
  'template-instance-rule': (board) => targetVariable(board, 'instance', 'Instance'),
  'template-label-promql-rule': ({ templating }) =>
    queryVariables(templating.list)
      .filter(({ query }) => {
        const [, expr] =
          /^(?:label_values\((.+), \w+|query_result\((.+))\)$/.exec(String(query))?.filter(Boolean) ?? [];
        return expr === undefined || !parses(expr);
      })
      .map(({ name }) => name),
  'template-on-time-change-reload-rule': ({ templating }) =>
    queryVariables(templating.list)
      .filter(({ refresh }) => refresh !== 2)
      .map(({ name }) => name),
  'panel-datasource-rule': (board) =>
    content(board)
      .filter(({ datasource, targets = [] }) =>
        [datasource, ...targets.map((one) => one.datasource)].some((one) => one?.uid !== '${datasource}'),
      )
      .map(named),
  'panel-title-description-rule': (board) =>
    content(board)
      .filter(({ title = '', description = '' }) => title === '' || description === '')
      .map(named),
  'panel-units-rule': (board) =>
    content(board)
      .filter(({ fieldConfig }) => {
        const overrides = fieldConfig?.overrides?.flatMap(({ properties }) => properties) ?? [];
        const others = overrides.filter(({ id }) => id === 'unit').map(({ value }) => String(value));
        return [fieldConfig?.defaults.unit ?? '', ...others].some((unit) => !units.includes(unit));
      })
      .map(named),
  'panel-no-targets-rule': (board) =>
    content(board)
      .filter(({ targets = [] }) => targets.length === 0)
      .map(named),
  // Nothing here reads Loki, so there is no LogQL to be right or wrong about.
  'target-logql-rule': (board) =>
    content(board)
      .filter((panel) => asksLoki(board, panel))
      .map(named),
  'target-logql-auto-rule': (board) =>
    content(board)
      .filter((panel) => asksLoki(board, panel) && panel.targets?.some(({ expr }) => !expr.includes('[$__auto]')))
      .map(named),
  'target-promql-rule': (board) => targets(board).filter((expr) => !parses(expr)),
  'target-rate-interval-rule': (board) =>
    targets(board).filter((expr) => /\bi?rate\(/.test(expr) && !/\bi?rate\([^[]+\[\$__rate_interval\]\)/.test(expr)),
  'target-job-rule': (board) => targets(board).filter((expr) => lacks(expr, 'job=~"$job"')),
  'target-instance-rule': (board) => targets(board).filter((expr) => lacks(expr, 'instance=~"$instance"')),
  // Stricter than the real one, which looks at counters without matchers only; what is new in the range (`growth`) has all it says.
  'target-counter-agg-rule': (board) =>
    targets(board).filter((expr) =>
      /(?<!increase\()\bblobprobe_\w+_total\b/.test(
        expr.replaceAll(/(\w+\{[^}]*\}) unless present_over_time\(\1\[1d\] offset \S+\) or (?=increase\(\1\[)/g, ''),
      ),
    ),
  'uneditable-dashboard': ({ editable }) => (editable ? ['editable'] : []),
};

/** Whether Prometheus' own grammar takes a query, with some value for each variable. */
function parses(expr: string): boolean {
  const text = expanded(expr, {
    __range: '1h',
    __interval: '1m',
    __rate_interval: '5m',
    window: '300',
    interval: '60',
    wanted: '1',
  });
  let sound = true;
  parser.parse(text).iterate({
    enter: (node) => {
      sound &&= !node.type.isError;
    },
  });
  return sound;
}

function asksLoki({ templating }: Board, { datasource, targets = [] }: Panel): boolean {
  const sources = [datasource, ...targets.map((target) => target.datasource)];
  return (
    sources.some((source) => source?.type === 'loki') ||
    templating.list.some(({ type, query }) => type === 'datasource' && query === 'loki')
  );
}

function targetVariable({ templating }: Board, name: string, label: string): readonly string[] {
  const found = templating.list.find((variable) => variable.name === name);
  const ok =
    found?.type === 'query' &&
    found.label === label &&
    found.multi === true &&
    found.allValue === '.+' &&
    found.datasource?.uid === '${datasource}';
  return ok ? [] : [name];
}

function queryVariables(variables: readonly Variable[]): readonly Variable[] {
  return variables.filter(({ type }) => type === 'query');
}

/** Panels that are no rows. */
export function content({ panels }: Board): readonly Panel[] {
  return panels.filter(({ type }) => type !== 'row');
}

function targets(board: Board): string[] {
  return content(board).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}

function lacks(expr: string, matcher: string): boolean {
  return selectorsOf(expr).some((selector) => !selector.includes(matcher));
}

function named({ title = '(no title)' }: Panel): string {
  return title;
}
