import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  GraphThresholdsStyleConfigBuilder,
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  ScaleDistribution,
  ScaleDistributionConfigBuilder,
  SortOrder,
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
  SpecialValueMatch,
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
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { runInterval } from './queries.ts';
import type { Renaming } from './words.ts';

export const datasource = { type: 'prometheus', uid: '${datasource}' } as const;

/** What every panel has; `unit` is one of Grafana's own. */
export interface PanelText {
  readonly title: string;
  readonly description: string;
  /** Tables have their own. */
  readonly unit?: string;
  /** What stands where there is no data; `no data` unless it has a better reason. */
  readonly none?: string;
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
const noLimit: Threshold = { value: null, color: 'text' };

/** All parts that the kinds of panel share. */
interface Common {
  title(text: string): this;
  description(text: string): this;
  unit(unit: string): this;
  datasource(source: typeof datasource): this;
  gridPos(position: { x: number; y: number; w: number; h: number }): this;
  withTarget(query: Builder<Dataquery>): this;
  thresholds(config: ThresholdsConfigBuilder): this;
  noValue(text: string): this;
}

export function dressed<B extends Common>(panel: B, text: PanelText, queries: readonly Builder<Dataquery>[]): B {
  panel.title(text.title).description(text.description).datasource(datasource);
  panel.gridPos({ x: 0, y: 0, w: text.width ?? 12, h: text.height ?? 8 });
  panel.thresholds(thresholds(text)).noValue(text.none ?? 'no data');
  if (text.unit !== undefined) panel.unit(text.unit);
  for (const query of queries) panel.withTarget(query);
  return panel;
}

/** A link to the newest runs that a series is about, by the labels that it has. */
function runsOf(labels: readonly string[]): DashboardLinkBuilder {
  const filters = labels.map((label) => `${label}=\${__field.labels.${label}:percentencode}`);
  return new DashboardLinkBuilder('Newest runs')
    .type(DashboardLinkType.Link)
    .url(`\${blobprobe:raw}/runs?${filters.join('&')}`)
    .targetBlank(true);
}

function query(index: number, { expr, legend }: Query): DataqueryBuilder {
  const refId = String.fromCodePoint(65 + index);
  return new DataqueryBuilder().datasource(datasource).refId(refId).expr(expr).legendFormat(legend).range();
}

export function instant(index: number, one: Query): DataqueryBuilder {
  return query(index, one).instant().format(PromQueryFormat.Table);
}

const list = (): VizLegendOptionsBuilder =>
  new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true)
    .calcs([]);

/** Names beside the curves with their last values: below, a dozen names hide the curves. */
const besideWithValues = (): VizLegendOptionsBuilder =>
  new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.Table)
    .placement(LegendPlacement.Right)
    .showLegend(true)
    .sortBy('Last *')
    .sortDesc(true)
    .calcs(['lastNotNull']);

export interface LineOptions {
  readonly stacked?: boolean;
  /** Base of a logarithmic axis, where values lie powers apart. */
  readonly log?: 2 | 10;
  /** Labels of each series by which its runs are found. */
  readonly runsBy?: readonly string[];
  /** Words for codes in the names of the series. */
  readonly renamed?: readonly Renaming[];
}

export function lines(text: PanelText, queries: readonly Query[], options: LineOptions = {}): AnyPanel {
  const { stacked = false, log, runsBy, renamed = [] } = options;
  const exemplars = queries.map((one, index) => query(index, one).exemplar(true));
  const panel = dressed(new timeseries.PanelBuilder(), text, exemplars)
    .legend(besideWithValues())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .spanNulls(true)
    .fillOpacity(stacked ? 40 : 0);
  if (renamed.length > 0) panel.transformations([...renamed]);
  if (stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (log === undefined) panel.min(0);
  else panel.scaleDistribution(new ScaleDistributionConfigBuilder().type(ScaleDistribution.Log).log(log));
  // Where all is well every share is 0, and an axis that is left to itself goes up to 10,000 %.
  if (text.unit === 'percentunit') panel.max(1);
  if (text.limits !== undefined)
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));

  if (runsBy !== undefined) panel.dataLinks([runsOf(runsBy)]);
  return panel;
}

/** One number of the newest values, on its colour; what there is no data for is said in words, without a colour. */
export function number(text: PanelText, one: Query, mappings: readonly ValueMapping[] = []): AnyPanel {
  const panel = dressed(new stat.PanelBuilder(), { width: 4, height: 4, ...text }, [query(0, one).instant()]);
  const last = new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false);
  const neutral: ValueMapping = {
    type: MappingType.SpecialValue,
    options: {
      match: SpecialValueMatch.NullAndNan,
      result: { text: text.none ?? 'no data', color: 'text', index: 10 },
    },
  };
  return panel
    .reduceOptions(last)
    .mappings([...mappings, neutral])
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value);
}

export function states(
  text: PanelText,
  one: Query,
  mappings: readonly ValueMapping[],
  runsBy: readonly string[] = [],
): AnyPanel {
  const panel = dressed(new statetimeline.PanelBuilder(), text, [query(0, one)])
    .mappings([...mappings])
    .mergeValues(true)
    .showValue(VisibilityMode.Never)
    .rowHeight(0.8)
    .legend(list());
  return runsBy.length === 0 ? panel : panel.dataLinks([runsOf(runsBy)]);
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
    .yAxis(new heatmap.YAxisConfigBuilder().unit(text.unit ?? 'none'))
    .filterValues(new heatmap.FilterValueRangeBuilder().le(1e-9))
    .exemplarsColor('rgba(255, 0, 255, 0.7)')
    .showLegend();
}
