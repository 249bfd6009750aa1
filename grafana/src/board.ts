import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  type Dashboard,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { boardUids } from '../../prometheus/src/texts.ts';
import { metric } from '../../prometheus/src/promql.ts';
import { type AnyPanel, datasource } from './panels.ts';
import { chosen, filterLabels, targetFilter } from './queries.ts';
import { capitalised } from './words.ts';

export interface Row {
  readonly title: string;
  readonly panels: readonly AnyPanel[];
}

const tag = 'blobprobe';

/** A board with the variables, annotations and links that both have; panels get their places and ids here. */
export function board(
  name: keyof typeof boardUids,
  title: string,
  description: string,
  rows: readonly Row[],
  single: readonly string[] = [],
): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(boardUids[name])
    .description(description)
    .tags([tag])
    .readonly()
    .refresh('1m')
    .time({ from: 'now-24h', to: 'now' })
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair);
  for (const variable of variables(single)) builder.withVariable(variable);
  for (const annotation of annotations()) builder.annotation(annotation);
  builder.link(
    new DashboardLinkBuilder('blobprobe')
      .type(DashboardLinkType.Dashboards)
      .tags([tag])
      .includeVars(true)
      .keepTime(true)
      .asDropdown(false),
  );
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(panel);
  }
  return settled(inSight(builder.build()));
}

/** Without the builders' own choice to put links and switches of annotations into a menu, where nobody looks for them. */
function inSight(dashboard: Dashboard): Dashboard {
  const shown = <T extends { placement?: unknown }>({ placement: _placement, ...one }: T): Omit<T, 'placement'> => one;
  const annotations = { list: dashboard.annotations?.list?.map(shown) };
  return { ...dashboard, links: dashboard.links?.map(shown), annotations };
}

function variables(
  single: readonly string[],
): (DatasourceVariableBuilder | QueryVariableBuilder | TextBoxVariableBuilder)[] {
  const interval = chosen('checkInterval');
  const figure = (name: string, label: string, expr: string): QueryVariableBuilder =>
    new QueryVariableBuilder(name)
      .label(label)
      .datasource(datasource)
      .query(`query_result(${expr})`)
      // "{} 5400 1764000000000": labels, value, time.
      .regex('/\\} ([0-9]+)/')
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .current({ text: '3600', value: '3600' })
      .hide(VariableHide.HideVariable);
  return [
    new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    choice('job', 'Job', metric('checkInterval')),
    choice('instance', 'Instance', `${metric('checkInterval')}{job=~"$job"}`),
    ...filterLabels.map((label, index) => {
      const before = filterLabels.slice(0, index).map((other) => `, ${other}=~"$${other}"`);
      const series = `${metric('checkInterval')}{${targetFilter}${before.join('')}}`;
      return single.includes(label) ? oneOf(label, series) : choice(label, capitalised(label), series);
    }),
    figure('interval', 'Interval', `max (${interval}) or vector(3600)`),
    figure('window', 'Window', `clamp_min(3 * max (${interval}), 300) or vector(10800)`),
    new TextBoxVariableBuilder('wanted')
      .label('Wanted size (bytes)')
      .defaultValue('524288000')
      .current({ text: '524288000', value: '524288000' }),
    new TextBoxVariableBuilder('blobprobe')
      .label('URL of blobprobe')
      .defaultValue('http://localhost:10719')
      .current({ text: 'http://localhost:10719', value: 'http://localhost:10719' }),
  ];
}

/** One value and no other: what there is no sense in adding up. */
function oneOf(name: string, series: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(capitalised(name))
    .datasource(datasource)
    .query(`label_values(${series}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

function choice(name: string, label: string, series: string): QueryVariableBuilder {
  return oneOf(name, series)
    .label(label)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ text: ['All'], value: ['$__all'] });
}

function annotations(): AnnotationQueryBuilder[] {
  const one = (name: string, color: string, expr: string, text: string): AnnotationQueryBuilder =>
    new AnnotationQueryBuilder()
      .name(name)
      .enable(true)
      .iconColor(color)
      .datasource(datasource)
      .expr(expr)
      .step('60s')
      .titleFormat(name)
      .textFormat(text);
  const target = { job: { re: '$job' }, instance: { re: '$instance' } };
  const reloaded = metric('configLastReloadSuccessTimestamp', target);
  const alerts = (when: string): string => `max by (alertname, registry, path) (${alertsFiring}${when})`;
  return [
    // Their beginnings alone: a few alerts that last would cover every curve.
    one('Alerts', 'red', `${alerts('')} unless ${alerts(' offset $__interval')}`, '{{alertname}} {{path}} began'),
    one('Reloads', 'blue', `changes(${reloaded}[$__rate_interval]) > 0`, '{{instance}} loaded its configuration'),
    one(
      'Restarts',
      'purple',
      `changes(process_start_time_seconds{${targetFilter}}[$__rate_interval]) > 0 and on (job, instance) ${metric('buildInfo', target)}`,
      '{{instance}} was restarted',
    ),
  ];
}

/** Alerts on what is chosen; one about all paths has no path, and is shown with each of them. */
export const alertsFiring = `ALERTS{${targetFilter}, ${filterLabels.map((label) => `${label}=~"$${label}|"`).join(', ')}, alertname=~"Blobprobe.+", alertstate="firing", severity=~"critical|warning"}`;

/** Panels in rows of 24 columns; ids in order, so that links to a panel last while the order does. */
function settled(dashboard: Dashboard): Dashboard {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  const panels = (dashboard.panels ?? []).map((panel, index) => {
    const isRow = panel.type === 'row';
    const { w, h } = isRow ? { w: 24, h: 1 } : { w: 12, h: 8, ...panel.gridPos };
    if (isRow || x + w > 24) {
      y += rowHeight;
      [x, rowHeight] = [0, 0];
    }
    const gridPos = { x, y, w, h };
    x += w;
    rowHeight = Math.max(rowHeight, h);
    return { ...panel, id: index + 1, gridPos };
  });
  return { ...dashboard, panels, schemaVersion: 42 };
}
