import type { Answer, AnsweredBoard, Board, Panel, Series, Target, Value, Variable } from '../board.ts';
import { replaced } from '../replace.ts';
import { marksOf } from './marks.ts';

/** `data` of an answer of Prometheus' API. */
export type Ask = (path: string, parameters: Readonly<Record<string, string | number>>) => Promise<unknown>;

export interface Question {
  readonly board: Board;
  readonly atSeconds: number;
  readonly rangeSeconds: number;
  /** Choices by variable; all others are as the board opens. */
  readonly chosen: Readonly<Record<string, readonly string[]>>;
}

const scrapeSeconds = 15;
const widthPx = 1600;
const steps = [15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** Asks for everything that a board asks for when it is opened. Throws in Prometheus' own words when it refuses a query. */
export async function answered(ask: Ask, question: Question): Promise<AnsweredBoard> {
  const { atSeconds, rangeSeconds } = question;
  const values = await valuesOf(ask, question);
  const board = { ...question.board, panels: repeated(question.board.panels, values) };
  const answers: Record<number, Answer[]> = {};
  for (const panel of board.panels) {
    const own = { ...values, ...panel.scope };
    answers[panel.id] = [];
    for (const target of panel.targets ?? []) answers[panel.id]!.push(await asked(ask, question, panel, target, own));
  }
  const marks = await marksOf(ask, board, values, [atSeconds - rangeSeconds, atSeconds]);
  return { board, answers, values, marks, fromMs: (atSeconds - rangeSeconds) * 1000, toMs: atSeconds * 1000 };
}

async function valuesOf(
  ask: Ask,
  { board, chosen, atSeconds, rangeSeconds }: Question,
): Promise<Record<string, Value>> {
  const values: Record<string, Value> = {};
  for (const variable of board.templating.list) {
    const all = await optionsOf(ask, variable, values, atSeconds, rangeSeconds);
    const isAll = chosen[variable.name] === undefined && variable.includeAll === true;
    const some = chosen[variable.name] ?? (isAll ? all : all.slice(0, 1));
    const query = some.length < 2 ? (some[0] ?? '') : `(${some.join('|')})`;
    values[variable.name] = {
      text: isAll ? 'All' : some.join(', '),
      query: isAll ? (variable.allValue ?? query) : query,
      chosen: some,
    };
  }
  return values;
}

async function optionsOf(
  ask: Ask,
  variable: Variable,
  values: Readonly<Record<string, Value>>,
  atSeconds: number,
  rangeSeconds: number,
): Promise<string[]> {
  if (variable.type === 'datasource') return ['prometheus'];
  if (variable.type !== 'query') return [variable.current?.value ?? variable.query ?? ''];
  const query = replaced(variable.query ?? '', values);
  const [, series, label] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
  if (series !== undefined) {
    return (await ask(`label/${label}/values`, {
      'match[]': series,
      start: atSeconds - rangeSeconds,
      end: atSeconds,
    })) as string[];
  }
  const [, expr = ''] = /^query_result\((.*)\)$/.exec(query) ?? [];
  const { result } = (await ask('query', { query: expr, time: atSeconds })) as { result: Series[] };
  const pattern = new RegExp((variable.regex ?? '').replaceAll(/^\/|\/$/g, ''));
  return result.flatMap(({ value }) => pattern.exec(`{} ${value?.[1]} ${(value?.[0] ?? 0) * 1000}`)?.[1] ?? []);
}

/** A panel that repeats becomes one below the other, and moves what stands below. */
function repeated(panels: readonly Panel[], values: Readonly<Record<string, Value>>): Panel[] {
  let moved = 0;
  let edge = 0;
  return panels.flatMap((panel) => {
    const at = (y: number): number => y + (y >= edge ? moved : 0);
    const { repeat, gridPos } = panel;
    const place = { ...panel, gridPos: { ...gridPos, y: at(gridPos.y) } };
    if (repeat === undefined) return [place];
    // Without any value a panel is there once, as in Grafana.
    const chosen = values[repeat]?.chosen ?? [];
    const names = chosen.length === 0 ? [''] : chosen;
    moved += Math.max(0, names.length - 1) * gridPos.h;
    edge = gridPos.y + gridPos.h;
    return names.map((name, index) => {
      const scope = { [repeat]: { text: name, query: name, chosen: [name] } };
      return {
        ...place,
        id: panel.id + 1000 * index,
        title: replaced(panel.title ?? '', scope),
        gridPos: { ...place.gridPos, y: place.gridPos.y + index * gridPos.h },
        scope,
      };
    });
  });
}

/** Grafana's step for points so many seconds apart: one of its round ones. */
export function stepAt(leastSeconds: number, wideSeconds: number): number {
  return Math.max(leastSeconds, steps.find((step) => step >= wideSeconds) ?? 86_400);
}

async function asked(
  ask: Ask,
  { atSeconds, rangeSeconds }: Question,
  panel: Panel,
  target: Target,
  values: Readonly<Record<string, Value>>,
): Promise<Answer> {
  const { refId, format, instant = false, legendFormat = '' } = target;
  const leastSeconds = target.interval === undefined ? 0 : Number.parseInt(replaced(target.interval, values), 10);
  const wide = rangeSeconds / ((panel.gridPos.w / 24) * widthPx);
  const stepSeconds = stepAt(Math.max(scrapeSeconds, leastSeconds), wide);
  const query = replaced(target.expr, {
    ...values,
    __rate_interval: `${Math.max(stepSeconds + scrapeSeconds, 4 * scrapeSeconds)}s`,
    __range: `${rangeSeconds}s`,
  });
  const grid = (seconds: number): number => Math.floor(seconds / stepSeconds) * stepSeconds;
  const range = { query, start: grid(atSeconds - rangeSeconds), end: grid(atSeconds), step: stepSeconds };
  const data = await (instant ? ask('query', { query, time: atSeconds }) : ask('query_range', range));
  const { result } = data as { result: Series[] };
  const legend = result.map(({ metric }) =>
    legendFormat.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => metric[label] ?? ''),
  );
  return { refId, format, instant, stepSeconds, result, legend };
}
