import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  MappingType,
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { runInterval } from './queries.ts';

export const datasource = { type: 'prometheus', uid: '${datasource}' } as const;

/** What every panel has; `unit` is one of Grafana's own. */
export interface PanelText {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  /** Values at which the colour changes, worst last, or best last when `goodAbove`. The alerts' own. */
  readonly limits?: readonly number[];
  readonly goodAbove?: boolean;
  readonly width?: number;
  readonly height?: number;
}
export interface Query {
  readonly expr: string;
  readonly legend: string;
}
export type AnyPanel = Builder<Panel>;

const worse = ['green', 'orange', 'red'] as const;
const better = ['red', 'orange', 'green'] as const;

/** Steps of colour; a single limit has no middle. */
function thresholds({ limits = [], goodAbove }: PanelText): ThresholdsConfigBuilder {
  const three = goodAbove === true ? better : worse;
  const colors = limits.length === 1 ? [three[0], three[2]] : three;
  const steps = [null, ...limits].map((value, index): Threshold => ({ value, color: colors[index] ?? 'red' }));
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(limits.length === 0 ? [noLimit] : steps);
}
const noLimit: Threshold = { value: null, color: 'blue' };

/** All parts that the kinds of panel share. */
interface Common {
  title(text: string): this;
  description(text: string): this;
  unit(unit: string): this;
  datasource(source: typeof datasource): this;
  gridPos(position: { x: number; y: number; w: number; h: number }): this;
  withTarget(query: Builder<Dataquery>): this;
  thresholds(config: ThresholdsConfigBuilder): this;
  dataLinks(links: DashboardLinkBuilder[]): this;
}

function dressed<B extends Common>(panel: B, text: PanelText, queries: readonly Builder<Dataquery>[]): B {
  panel.title(text.title).description(text.description).unit(text.unit).datasource(datasource);
  panel.gridPos({ x: 0, y: 0, w: text.width ?? 12, h: text.height ?? 8 });
  panel.thresholds(thresholds(text)).dataLinks([runsLink()]);
  for (const query of queries) panel.withTarget(query);
  return panel;
}

/** Exemplars carry `run_id`; a point without one leads to the list of runs. */
function runsLink(): DashboardLinkBuilder {
  return new DashboardLinkBuilder('Run in blobprobe')
    .type(DashboardLinkType.Link)
    .url('${blobprobe:raw}/runs/${__data.fields.run_id}')
    .targetBlank(true);
}

function query(index: number, { expr, legend }: Query): DataqueryBuilder {
  const refId = String.fromCodePoint(65 + index);
  return new DataqueryBuilder().datasource(datasource).refId(refId).expr(expr).legendFormat(legend).range();
}

function instant(index: number, one: Query): DataqueryBuilder {
  return query(index, one).instant().format(PromQueryFormat.Table);
}

const legend = (): VizLegendOptionsBuilder =>
  new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true)
    .calcs([]);

export function lines(text: PanelText, queries: readonly Query[], options: { stacked?: boolean } = {}): AnyPanel {
  const exemplars = queries.map((one, index) => query(index, one).exemplar(true));
  const panel = dressed(new timeseries.PanelBuilder(), text, exemplars)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .spanNulls(true)
    .min(0)
    .fillOpacity(options.stacked === true ? 40 : 5);
  if (options.stacked === true) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (text.limits !== undefined) {
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  return panel;
}

export function number(text: PanelText, one: Query, mappings: ValueMapping[] = []): AnyPanel {
  const panel = dressed(new stat.PanelBuilder(), { width: 4, height: 4, ...text }, [query(0, one).instant()]);
  const last = new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false);
  return panel.reduceOptions(last).mappings(mappings).noValue('none');
}

export function states(text: PanelText, one: Query, mappings: ValueMapping[]): AnyPanel {
  return dressed(new statetimeline.PanelBuilder(), text, [query(0, one)])
    .mappings(mappings)
    .mergeValues(true)
    .showValue(VisibilityMode.Never)
    .rowHeight(0.8)
    .legend(legend());
}

export function heatMap(text: PanelText, expr: string): AnyPanel {
  const target = query(0, { expr, legend: '{{le}}' })
    .format(PromQueryFormat.Heatmap)
    .interval(runInterval)
    .exemplar(true);
  return dressed(new heatmap.PanelBuilder(), text, [target])
    .calculate(false)
    .color(
      new heatmap.HeatmapColorOptionsBuilder()
        .mode(heatmap.HeatmapColorMode.Scheme)
        .scheme('Oranges')
        .steps(64)
        .exponent(0.5),
    )
    .yAxis(new heatmap.YAxisConfigBuilder().unit(text.unit))
    .filterValues(new heatmap.FilterValueRangeBuilder().le(1e-9))
    .exemplarsColor('rgba(255, 0, 255, 0.7)')
    .showLegend();
}

export interface Column {
  readonly refId: string;
  readonly name: string;
  readonly unit: string;
  readonly mappings?: readonly ValueMapping[];
}

/** A row for each label set, a column for each query; columns of Prometheus' own are left out. */
export function matrix(
  text: PanelText,
  queries: readonly Query[],
  columns: readonly Column[],
  hidden: readonly string[] = [],
): AnyPanel {
  const panel = dressed(
    new table.PanelBuilder(),
    { width: 24, height: 10, ...text },
    queries.map((one, i) => instant(i, one)),
  );
  const gone = ['Time', '__name__', 'job', 'instance', ...hidden];
  const rename = Object.fromEntries(columns.map(({ refId, name }) => [`Value #${refId}`, name]));
  panel.transformations([
    { id: 'merge', options: {} },
    {
      id: 'organize',
      options: { excludeByName: Object.fromEntries(gone.map((name) => [name, true])), renameByName: rename },
    },
  ]);
  for (const { name, unit, mappings } of columns) {
    const color = { id: 'custom.cellOptions', value: { type: 'color-background' } };
    panel.overrideByName(name, [
      { id: 'unit', value: unit },
      ...(mappings === undefined ? [] : [{ id: 'mappings', value: mappings }, color]),
    ]);
  }
  return panel;
}

export function valueMap(options: Readonly<Record<string, { text: string; color: string }>>): ValueMapping {
  const entries = Object.entries(options).map(([value, shown], index) => [value, { ...shown, index }]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(entries) };
}
export const successMap = valueMap({ '1': { text: 'ok', color: 'green' }, '0': { text: 'failed', color: 'red' } });
