import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  createTheme,
  type DataFrame,
  type DataTransformerConfig,
  type FieldConfigPropertyItem,
  type GrafanaTheme2,
  identityOverrideProcessor,
  type InterpolateFunction,
  Registry,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';
import type { AnsweredBoard, Panel } from '../board.ts';
import { replaced } from '../replace.ts';
import { framesOf } from './frames.ts';

/** Fills what Grafana's core fills at its start. Ids must be unique: the list of transformers names some twice. */
export function startGrafana(): void {
  const byId = new Map(Object.values(standardTransformers).map((one) => [one.id, one]));
  standardTransformersRegistry.setInit(
    () =>
      [...byId.values()].map((one) => ({
        id: one.id,
        name: one.name,
        description: '',
        transformation: () => Promise.resolve(one),
        editor: () => null,
      })) as never,
  );
}

const standard =
  'unit min max decimals displayName color noValue links mappings thresholds filterable description fieldMinMax';
const custom =
  'cellOptions align width hidden hideFrom inspect lineWidth fillOpacity spanNulls stacking drawStyle axisPlacement thresholdsStyle axisLabel lineStyle scaleDistribution footer minWidth wrapText wrapHeaderText lineInterpolation gradientMode showPoints pointSize';

/** Properties that fields may have: a registry that lacks one ignores it without a word. */
function fieldProperties(): Registry<FieldConfigPropertyItem> {
  const property = (path: string, isCustom: boolean): FieldConfigPropertyItem => {
    const id = isCustom ? `custom.${path}` : path;
    return {
      id,
      path,
      isCustom,
      name: id,
      editor: () => null,
      override: () => null,
      process: identityOverrideProcessor,
      shouldApply: () => true,
      settings: {},
    } as never;
  };
  return new Registry(() => [
    ...standard.split(' ').map((path) => property(path, false)),
    ...custom.split(' ').map((path) => property(path, true)),
  ]);
}

/** The line's look where a board says nothing: what Grafana's panel adds by itself. */
const lineDefaults = {
  drawStyle: 'line',
  lineInterpolation: 'linear',
  lineWidth: 1,
  fillOpacity: 0,
  gradientMode: 'none',
  showPoints: 'auto',
  pointSize: 5,
  axisGridShow: true,
  axisBorderShow: false,
  hideFrom: {},
};

/** A panel's frames after its transformations and overrides, as its drawing would get them. */
export async function prepared(answered: AnsweredBoard, panel: Panel, theme: GrafanaTheme2): Promise<DataFrame[]> {
  const isLines = panel.type === 'timeseries';
  const fieldConfig = structuredClone(panel.fieldConfig) ?? { defaults: {}, overrides: [] };
  fieldConfig.defaults.color ??= { mode: (isLines ? 'palette-classic' : 'thresholds') as never };
  fieldConfig.defaults.custom = { ...(isLines ? lineDefaults : {}), ...fieldConfig.defaults.custom };
  const transformations = (panel.transformations ?? []) as DataTransformerConfig[];
  const frames = framesOf(answered, panel);
  const data = await lastValueFrom(
    transformDataFrame(transformations, frames, { interpolate: (text: string) => text }),
  );
  const out = applyFieldOverrides({
    data,
    fieldConfig,
    fieldConfigRegistry: fieldProperties(),
    replaceVariables: replacing({ ...answered, values: { ...answered.values, ...panel.scope } }),
    theme,
    timeZone: 'utc',
  });
  cacheFieldDisplayNames(out);
  return out;
}

/** Variables in links: those of the board, then those of the row, the field and the time. */
export function replacing({ values, fromMs, toMs }: AnsweredBoard): InterpolateFunction {
  return (text, scoped) => {
    const context = scoped?.['__dataContext']?.value as
      | { frame: DataFrame; rowIndex?: number; field?: { labels?: Record<string, string> } }
      | undefined;
    const inRow = String(text)
      .replace(/\$\{__data\.fields\.([^}:]+)(?::(\w+))?\}/g, (_, name: string, format?: string) => {
        const field = context?.frame.fields.find(
          (one) => one.name === name || one.state?.displayName === name || one.config.displayName === name,
        );
        const value = String(context?.rowIndex === undefined ? '' : (field?.values[context.rowIndex] ?? ''));
        return format === 'percentencode' ? encodeURIComponent(value) : value;
      })
      .replace(/\$\{__field\.labels\.(\w+)(?::\w+)?\}/g, (_, name: string) =>
        encodeURIComponent(context?.field?.labels?.[name] ?? ''),
      )
      .replaceAll('${__url_time_range}', `from=${fromMs}&to=${toMs}`);
    return replaced(inRow, values, 'url');
  };
}

export function themeOf(mode: 'light' | 'dark'): GrafanaTheme2 {
  return createTheme({ colors: { mode } });
}
