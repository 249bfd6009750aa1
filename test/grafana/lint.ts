import { selectorsOf } from '../support/board-queries.ts';

export interface Target {
  readonly expr: string;
  readonly datasource: { readonly uid: string };
}
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
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
const units = ['none', 'short', 's', 'bytes', 'Bps', 'percentunit'];

type Rule = (board: Board) => readonly string[];

/** The rules of grafana/dashboard-linter that concern Prometheus boards, stricter where that costs nothing. */
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
      .filter(({ query }) => !/^(?:label_values|query_result)\(.+\)$/.test(String(query)))
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
      .filter(({ fieldConfig }) => !units.includes(fieldConfig?.defaults.unit ?? ''))
      .map(named),
  'panel-no-targets-rule': (board) =>
    content(board)
      .filter(({ targets = [] }) => targets.length === 0)
      .map(named),
  'target-rate-interval-rule': (board) =>
    targets(board).filter((expr) => /\bi?rate\(/.test(expr) && !/\bi?rate\([^[]+\[\$__rate_interval\]\)/.test(expr)),
  'target-job-rule': (board) => targets(board).filter((expr) => lacks(expr, 'job=~"$job"')),
  'target-instance-rule': (board) => targets(board).filter((expr) => lacks(expr, 'instance=~"$instance"')),
  'target-counter-agg-rule': (board) =>
    targets(board).filter((expr) => /(?<!increase\()\bblobprobe_\w+_total\b/.test(expr)),
  'uneditable-dashboard': ({ editable }) => (editable ? ['editable'] : []),
};

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
