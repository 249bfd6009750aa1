import * as v2 from '@grafana/grafana-foundation-sdk/dashboardv2';
import { datasource } from './panels.ts';

/** A board as its classic file has it, as far as our boards go. */
export interface ClassicBoard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: string[];
  /** All of them to other boards. */
  readonly links: readonly Omit<v2.DashboardLink, 'type' | 'placement'>[];
  readonly annotations: { readonly list: readonly Annotation[] };
  readonly templating: { readonly list: readonly Variable[] };
  readonly time: { readonly from: string; readonly to: string };
  readonly timezone: string;
  readonly refresh: string;
  readonly panels: readonly Panel[];
}
interface Annotation {
  readonly name: string;
  readonly iconColor: string;
  readonly expr: string;
  readonly step: string;
  readonly titleFormat: string;
  readonly textFormat: string;
}
interface Variable {
  readonly type: string;
  readonly name: string;
  readonly label: string;
  readonly query: string;
  readonly hide?: number;
  readonly sort?: number;
  readonly regex?: string;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
  readonly current?: v2.VariableOption;
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly repeat?: string;
  readonly repeatDirection?: 'h' | 'v';
  readonly targets?: readonly Target[];
  readonly transformations?: readonly { readonly id: string; readonly options: object }[];
  readonly options?: object;
  readonly fieldConfig?: v2.FieldConfigSource;
}
interface Target {
  readonly refId: string;
  readonly datasource?: object;
}

/** A board as the resource that Grafana 13 keeps. Made of the classic one, so that there is one source. Throws on what it has no place for. */
export function schemaV2(board: ClassicBoard): object {
  const { uid, title, description, tags, links, annotations, templating, time, timezone, refresh } = board;
  const rows = rowsOf(board);
  const spec: v2.Dashboard = {
    ...v2.defaultDashboard(),
    title,
    description,
    tags,
    editable: false,
    cursorSync: v2.DashboardCursorSync.Crosshair,
    annotations: annotations.list.map(annotation),
    links: links.map((link) => ({ ...link, type: v2.DashboardLinkType.Dashboards })),
    variables: templating.list.map(variable),
    timeSettings: { ...v2.defaultTimeSettingsSpec(), timezone, from: time.from, to: time.to, autoRefresh: refresh },
    elements: Object.fromEntries(rows.flatMap(({ panels }) => panels).map((panel) => [nameOf(panel), element(panel)])),
    layout: { kind: 'RowsLayout', spec: { rows: rows.map(row) } },
  };
  return { apiVersion: 'dashboard.grafana.app/v2', kind: 'Dashboard', metadata: { name: uid }, spec };
}

interface Row {
  readonly title: string;
  readonly panels: Panel[];
  /** Where the row's content begins in the classic grid. */
  readonly y: number;
}

/** Classic rows are headings in one list of panels, the first of which is a heading. */
function rowsOf({ panels }: ClassicBoard): Row[] {
  const rows: Row[] = [];
  for (const panel of panels) {
    const { title, gridPos, type } = panel;
    if (type === 'row') rows.push({ title, panels: [], y: gridPos.y + gridPos.h });
    else rows.at(-1)?.panels.push(panel);
  }
  return rows;
}

const nameOf = ({ id }: Panel): string => `panel-${id}`;

function row({ title, panels, y }: Row): v2.RowsLayoutRowKind {
  const items = panels.map((panel): v2.GridLayoutItemKind => {
    const { x, y: top, w, h } = panel.gridPos;
    const place = { x, y: top - y, width: w, height: h };
    return { kind: 'GridLayoutItem', spec: { ...place, element: reference(panel), repeat: repeat(panel) } };
  });
  const layout: v2.GridLayoutKind = { kind: 'GridLayout', spec: { items } };
  return { kind: 'RowsLayoutRow', spec: { title, collapse: false, layout } };
}

function reference(panel: Panel): v2.ElementReference {
  return { kind: 'ElementReference', name: nameOf(panel) };
}

function repeat({ repeat: name, repeatDirection }: Panel): v2.RepeatOptions | undefined {
  return name === undefined ? undefined : { mode: v2.RepeatMode.Variable, value: name, direction: repeatDirection };
}

function element(panel: Panel): v2.PanelKind {
  const { id, title, description, type, targets = [], transformations = [], options = {} } = panel;
  const { fieldConfig = v2.defaultFieldConfigSource() } = panel;
  return {
    kind: 'Panel',
    spec: {
      id,
      title,
      description,
      links: [],
      data: {
        kind: 'QueryGroup',
        spec: {
          queries: targets.map(panelQuery),
          transformations: transformations.map((one) => ({
            kind: 'Transformation',
            group: one.id,
            spec: { options: one.options },
          })),
          queryOptions: {},
        },
      },
      // Grafana fills in the version of the plugin that it has.
      vizConfig: {
        kind: 'VizConfig',
        group: type,
        version: '',
        spec: { options, fieldConfig },
      },
    },
  };
}

function panelQuery({ refId, datasource: _source, ...query }: Target): v2.PanelQueryKind {
  return { kind: 'PanelQuery', spec: { refId, hidden: false, query: prometheus(query) } };
}

/** A query of Prometheus, in the data source's own words. */
function prometheus(spec: object): v2.DataQueryKind {
  return { kind: 'DataQuery', group: datasource.type, version: 'v0', datasource: { name: datasource.uid }, spec };
}

/** The query is where Grafana 13 looks for it; the texts have no other place than among the old options. */
function annotation({ name, iconColor, expr, step, titleFormat, textFormat }: Annotation): v2.AnnotationQueryKind {
  const query = prometheus({ refId: 'Anno', expr, interval: step });
  const legacyOptions = { titleFormat, textFormat };
  return { kind: 'AnnotationQuery', spec: { name, iconColor, enable: true, hide: false, query, legacyOptions } };
}

const sorts: Readonly<Record<number, v2.VariableSort>> = { 1: v2.VariableSort.AlphabeticalAsc };

function variable(one: Variable): v2.VariableKind {
  const { type, name, label, query, hide, current = v2.defaultVariableOption() } = one;
  const common = { name, label, hide: hide === 2 ? v2.VariableHide.HideVariable : v2.VariableHide.DontHide };
  if (type === 'datasource') {
    const spec = { ...v2.defaultDatasourceVariableSpec(), ...common, pluginId: query };
    return { kind: 'DatasourceVariable', spec };
  }
  if (type === 'textbox') {
    const spec = { ...v2.defaultTextVariableSpec(), ...common, query, current };
    return { kind: 'TextVariable', spec };
  }
  if (type !== 'query') throw new Error(`a variable of type ${type} has no place in schema v2 yet: ${name}`);
  return {
    kind: 'QueryVariable',
    spec: {
      ...v2.defaultQueryVariableSpec(),
      ...common,
      // As Grafana itself keeps a query that is a text.
      query: prometheus({ __legacyStringValue: query }),
      definition: query,
      regex: one.regex ?? '',
      refresh: v2.VariableRefresh.OnTimeRangeChanged,
      sort: sorts[one.sort ?? 0] ?? v2.VariableSort.Disabled,
      multi: one.multi ?? false,
      includeAll: one.includeAll ?? false,
      allValue: one.allValue,
      current,
    },
  };
}
