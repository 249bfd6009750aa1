import { TableCellHeight, TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common';
import {
  type DynamicConfigValue,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as table from '@grafana/grafana-foundation-sdk/table';
import { boardUids, failuresUrl } from '../../prometheus/src/texts.ts';
import { by, checkLabels } from '../../prometheus/src/promql.ts';
import { filterLabels } from './queries.ts';
import { type AnyPanel, dressed, instant, type PanelText } from './panels.ts';
import { capitalised, someFailMap, successMap } from './words.ts';

const cells = { cell: { type: 'color-background', mode: 'basic' }, text: { type: 'color-text' } } as const;

/** A column: a label, or the values of a query. */
export interface Column {
  /** Header, in words. */
  readonly name: string;
  readonly label?: string;
  /** A query of one sample for each row; `labels` beyond those of a row become columns too, when a column names them. */
  readonly expr?: string;
  readonly unit?: string;
  readonly mappings?: readonly ValueMapping[];
  /** Whether the mappings' colours are those of the cell or of its text. */
  readonly filled?: keyof typeof cells;
  /** Where a click on the cell leads; the values of the row are at hand. */
  readonly link?: { readonly title: string; readonly url: string };
  /** What an empty cell says. */
  readonly none?: string;
  readonly width?: number;
  /** Sentences that are read whole, in as many lines as they need. */
  readonly wrapped?: true;
  /** Not shown; a label that is not shown is still at hand for links. */
  readonly hidden?: true;
}

export interface TableOptions {
  /** Headers of the columns that decide the order, smallest first. */
  readonly sortBy?: readonly string[];
  /** Labels of the queries that no column shows. */
  readonly hidden?: readonly string[];
}

/** The default unit of tables: any other makes numbers of what looks like one, and a version 1.1 becomes 1.10. */
const asText = 'string';

/** What is written into a cell without a value; the table's own `none` stands where there is no row at all. */
const emptyCell = [{ id: 'noValue', value: '–' }];

/** A row for each label set, with the columns in this order, and no others. */
export function rowsOf(text: PanelText, columns: readonly Column[], options: TableOptions = {}): AnyPanel {
  const asked = columns.filter(({ expr }) => expr !== undefined);
  const panel = dressed(
    new table.PanelBuilder(),
    { width: 24, height: 10, unit: asText, none: 'no run yet', ...text },
    asked.map(({ expr = '' }, index) => instant(index, { expr, legend: '' })),
  ).cellHeight(TableCellHeight.Sm);
  const fieldOf = (column: Column): string => {
    if (column.label !== undefined) return column.label;
    return asked.length === 1 ? 'Value' : `Value #${String.fromCodePoint(65 + asked.indexOf(column))}`;
  };
  const unseen = asked.filter((column) => column.hidden).map(fieldOf);
  const gone = ['Time', 'job', ...unseen, ...(options.hidden ?? [])];
  panel.transformations([
    { id: 'merge', options: {} },
    {
      id: 'organize',
      options: {
        excludeByName: Object.fromEntries(gone.map((name) => [name, true])),
        indexByName: Object.fromEntries(columns.map((column, index) => [fieldOf(column), index])),
        renameByName: Object.fromEntries(columns.map((column) => [fieldOf(column), column.name])),
      },
    },
  ]);
  panel.overrideByRegexp('.*', emptyCell);
  for (const column of columns) {
    const properties = propertiesOf(column);
    if (properties.length > 0) panel.overrideByName(column.name, properties);
  }
  const { sortBy = [] } = options;
  const order = sortBy.map((name) => new TableSortByFieldStateBuilder().displayName(name).desc(false));
  return order.length === 0 ? panel : panel.sortBy(order);
}

// Of each pair the second is what tables of Grafana 12.2 and newer read, the first what older ones do.
const outOfSight = [
  { id: 'custom.hidden', value: true },
  { id: 'custom.hideFrom', value: { viz: true, legend: true, tooltip: true } },
];
const wholeText = [
  { id: 'custom.cellOptions', value: { type: 'auto', wrapText: true } },
  { id: 'custom.wrapText', value: true },
];

function propertiesOf({
  label,
  unit,
  mappings = [],
  filled,
  link,
  none,
  width,
  wrapped,
  hidden,
}: Column): DynamicConfigValue[] {
  return [
    ...(hidden === true && label !== undefined ? outOfSight : []),
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(mappings.length === 0 ? [] : [{ id: 'mappings', value: mappings }]),
    ...(filled === undefined ? [] : [{ id: 'custom.cellOptions', value: cells[filled] }]),
    ...(wrapped === true ? wholeText : []),
    ...(link === undefined ? [] : [{ id: 'links', value: [link] }]),
    ...(none === undefined ? [] : [{ id: 'noValue', value: none }]),
    ...(width === undefined ? [] : [{ id: 'custom.width', value: width }]),
  ];
}

/** The column that Grafana makes of the paths. */
const corner = 'path\\workload';

/** A row for each path, a column for each workload; the value says how the clients fared, 1 to 0. */
export function pathMatrix(text: PanelText, expr: string): AnyPanel {
  return (
    dressed(new table.PanelBuilder(), { unit: asText, none: 'no run yet', ...text }, [instant(0, { expr, legend: '' })])
      .cellHeight(TableCellHeight.Sm)
      // What nobody pushes is no colour.
      .thresholds(
        new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([{ value: null, color: 'transparent' }]),
      )
      .transformations([
        { id: 'groupingToMatrix', options: { rowField: 'path', columnField: 'workload', valueField: 'Value' } },
        // Columns come in the order in which the rows name them, which changes with what is chosen.
        { id: 'organize', options: { indexByName: {}, orderByMode: 'auto', orderBy: [{ type: 'name', desc: false }] } },
        { id: 'organize', options: { indexByName: { [corner]: 0 }, renameByName: { [corner]: 'Path' } } },
      ])
      // A path of the same name may lead to another registry, so that each registry has a matrix of its own.
      .repeat('registry')
      .repeatDirection('v')
      .mappings([successMap, someFailMap])
      .overrideByRegexp('.*', emptyCell)
      .overrideByRegexp('^(?!Path$).*', [
        { id: 'custom.cellOptions', value: cells.cell },
        { id: 'custom.align', value: 'center' },
      ])
      .overrideByName('Path', [{ id: 'links', value: [toPathBoard(['registry'], 'Path')] }])
  );
}

/** The path board with all variables as they are, but for those of the row. */
export function toPathBoard(kept: readonly string[], pathColumn: string): { title: string; url: string } {
  const variables = ['datasource', 'job', 'instance', 'client', 'workload', 'wanted', 'blobprobe', ...kept];
  const own = ['registry', 'path'].filter((label) => !kept.includes(label));
  const column = (label: string): string => (label === 'path' ? pathColumn : capitalised(label));
  const parts = [
    ...variables.map((name) => `\${${name}:queryparam}`),
    ...own.map((label) => `var-${label}=\${__data.fields.${column(label)}:percentencode}`),
    '${__url_time_range}',
  ];
  return { title: 'Open the board of this path', url: `/d/${boardUids.path}?${parts.join('&')}` };
}

/** The newest runs of the check that the row is about. */
export const toRuns = {
  title: 'Newest runs of this check',
  url: `\${blobprobe:raw}/runs?${filterLabels.map((label) => `${label}=\${__data.fields.${capitalised(label)}:percentencode}`).join('&')}`,
  targetBlank: true,
};

/** What the reason of a row means and what to do about it. */
export const toRemedy = {
  title: 'What it means, and what to do',
  url: `${failuresUrl}#\${__data.fields.code}`,
  targetBlank: true,
};

/** One sample a check and prober, whatever other labels there are and however often it was scraped. */
export function aCheck(expr: string, more: readonly string[] = []): string {
  return `max ${by([...checkLabels, ...more])} (${expr})`;
}
