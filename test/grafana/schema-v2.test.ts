import { describe, expect, test } from 'vitest';
import { dashboardFileNames, dashboardFiles, dashboardFilesV2 } from '../../grafana/src/dashboards.ts';
import { schemaV2 } from '../../grafana/src/schema-v2.ts';

interface Classic {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly ClassicPanel[];
  readonly templating: { readonly list: readonly Readonly<Record<string, unknown>>[] };
  readonly annotations: { readonly list: readonly Readonly<Record<string, unknown>>[] };
}
interface ClassicPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly repeat?: string;
  readonly targets?: readonly Readonly<Record<string, unknown>>[];
  readonly transformations?: readonly { readonly id: string; readonly options: object }[];
  readonly options?: object;
  readonly fieldConfig?: object;
}
interface Spec {
  readonly title: string;
  readonly elements: Readonly<Record<string, { readonly spec: Element }>>;
  readonly layout: { readonly spec: { readonly rows: readonly { readonly spec: RowSpec }[] } };
  readonly variables: readonly { readonly kind: string; readonly spec: Readonly<Record<string, unknown>> }[];
  readonly annotations: readonly { readonly spec: Annotation }[];
}
interface RowSpec {
  readonly title: string;
  readonly layout: { readonly spec: { readonly items: readonly { readonly spec: Item }[] } };
}
interface Item {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly element: { readonly name: string };
  readonly repeat?: { readonly value: string };
}
interface Query {
  readonly group: string;
  readonly datasource: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}
interface Element {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly data: {
    readonly spec: {
      readonly queries: readonly { readonly spec: { readonly refId: string; readonly query: Query } }[];
      readonly transformations: readonly { readonly group: string; readonly spec: { readonly options: object } }[];
    };
  };
  readonly vizConfig: {
    readonly group: string;
    readonly spec: { readonly options: object; readonly fieldConfig: object };
  };
}
interface Annotation {
  readonly name: string;
  readonly query: Query;
  readonly legacyOptions: Readonly<Record<string, unknown>>;
}

const boards = dashboardFileNames.map((name) => ({
  name,
  classic: JSON.parse(dashboardFiles()[name]) as Classic,
  v2: JSON.parse(dashboardFilesV2()[name]) as {
    readonly metadata: { readonly name: string };
    readonly spec: Spec;
  },
}));

/** The panels of schema v2 as classic ones, rows as headings, all in the classic grid. */
function backToClassic({ elements, layout }: Spec): object[] {
  let y = 0;
  return layout.spec.rows.flatMap(({ spec: row }) => {
    const items = row.layout.spec.items.map(({ spec }) => spec);
    const top = y + 1;
    y = top + Math.max(...items.map((item) => item.y + item.height));
    const panels = items.map(({ x, y: below, width, height, element, repeat }) => {
      const { id, title, description, data, vizConfig } = elements[element.name]!.spec;
      return {
        id,
        title,
        description,
        type: vizConfig.group,
        gridPos: { x, y: top + below, w: width, h: height },
        repeat: repeat?.value,
        targets: data.spec.queries.map(({ spec: { refId, query } }) => ({
          ...query.spec,
          refId,
          datasource: { type: query.group, uid: query.datasource.name },
        })),
        transformations: data.spec.transformations.map(({ group, spec }) => ({ id: group, options: spec.options })),
        options: vizConfig.spec.options,
        fieldConfig: vizConfig.spec.fieldConfig,
      };
    });
    return [{ type: 'row', title: row.title, y: top - 1 }, ...panels];
  });
}

function wanted(panel: ClassicPanel): object {
  const { id, title, description, type, gridPos, repeat, targets, transformations = [], options, fieldConfig } = panel;
  if (type === 'row') return { type, title, y: gridPos.y };
  return { id, title, description, type, gridPos, repeat, targets, transformations, options, fieldConfig };
}

describe.each(boards)('schema v2: $name', ({ classic, v2 }) => {
  test('has the classic board’s panels, at the same places, with the same queries and looks', () => {
    expect(classic.panels.length).toBeGreaterThan(10);
    expect(backToClassic(v2.spec)).toEqual(classic.panels.map(wanted));
    expect(Object.keys(v2.spec.elements)).toHaveLength(classic.panels.filter(({ type }) => type !== 'row').length);
  });

  test('goes by the same name, and has the same variables in the same order', () => {
    expect([v2.metadata.name, v2.spec.title]).toEqual([classic.uid, classic.title]);
    const kinds: Readonly<Record<string, string>> = {
      datasource: 'DatasourceVariable',
      query: 'QueryVariable',
      textbox: 'TextVariable',
    };
    const queryOf = (spec: Readonly<Record<string, unknown>>): unknown =>
      spec['pluginId'] ?? (spec['query'] as Query).spec?.['__legacyStringValue'] ?? spec['query'];
    expect(v2.spec.variables.map(({ kind, spec }) => [kind, spec['name'], spec['hide'], queryOf(spec)])).toEqual(
      classic.templating.list.map(({ type, name, hide, query }) => [
        kinds[String(type)],
        name,
        hide === 2 ? 'hideVariable' : 'dontHide',
        query,
      ]),
    );
    for (const key of ['multi', 'includeAll', 'allValue']) {
      expect(v2.spec.variables.filter(({ kind }) => kind === 'QueryVariable').map(({ spec }) => spec[key])).toEqual(
        classic.templating.list.filter(({ type }) => type === 'query').map((one) => one[key]),
      );
    }
  });

  test('has the same annotations', () => {
    expect(
      v2.spec.annotations.map(({ spec: { name, query, legacyOptions } }) => ({
        name,
        expr: query.spec['expr'],
        step: query.spec['interval'],
        ...legacyOptions,
      })),
    ).toEqual(
      classic.annotations.list.map(({ name, expr, step, titleFormat, textFormat }) => ({
        name,
        expr,
        step,
        titleFormat,
        textFormat,
      })),
    );
  });
});

test('a kind of variable that is not thought of is refused, not lost', () => {
  const board = JSON.parse(dashboardFiles()['blobprobe-path.json']) as { templating: { list: object[] } };
  board.templating.list.push({ type: 'interval', name: 'every' });
  expect(() => schemaV2(board as never)).toThrow('a variable of type interval has no place in schema v2 yet: every');
});
