import type { Board, Mark, Series, Value } from '../board.ts';
import { replaced } from '../replace.ts';
import { type Ask, stepAt } from './ask.ts';

/** What a board marks in its curves, asked for as Grafana does: about a hundred steps, none below that of the annotation. */
export async function marksOf(
  ask: Ask,
  { annotations }: Board,
  values: Readonly<Record<string, Value>>,
  [from, to]: readonly [number, number],
): Promise<Mark[]> {
  const marks: Mark[] = [];
  for (const { name, iconColor, expr, step, textFormat } of annotations.list) {
    const stepSeconds = stepAt(Number.parseInt(step, 10), (to - from) / 100);
    const query = replaced(expr, { ...values, __interval: `${stepSeconds}s`, __rate_interval: `${stepSeconds + 60}s` });
    const grid = (seconds: number): number => Math.floor(seconds / stepSeconds) * stepSeconds;
    const range = { query, start: grid(from), end: grid(to), step: stepSeconds };
    const { result } = (await ask('query_range', range)) as { result: Series[] };
    for (const { metric, values: samples = [] } of result) {
      const text = textFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '');
      for (const [seconds] of samples) marks.push({ name, color: iconColor, text, atMs: seconds * 1000 });
    }
  }
  return marks;
}
