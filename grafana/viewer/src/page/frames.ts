import { type DataFrame, FieldType, toDataFrame } from '@grafana/data';
import type { AnsweredBoard, Answer, Panel } from '../board.ts';

/** Prometheus' answers as the frames that Grafana's data source makes of them. */
export function framesOf({ answers, fromMs, toMs }: AnsweredBoard, panel: Panel): DataFrame[] {
  const all = answers[panel.id] ?? [];
  if (all.some(({ format }) => format === 'table')) {
    return all.filter(({ result }) => result.length > 0).map((answer) => tableOf(answer, all.length));
  }
  return all.flatMap((answer) => seriesOf(answer, panel.type, fromMs, toMs));
}

function tableOf({ refId, result }: Answer, queries: number): DataFrame {
  const labels = [...new Set(result.flatMap(({ metric }) => Object.keys(metric).toSorted()))];
  return toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: result.map(({ value }) => (value?.[0] ?? 0) * 1000) },
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        config: { filterable: true },
        values: result.map(({ metric }) => metric[label] ?? ''),
      })),
      {
        name: queries > 1 ? `Value #${refId}` : 'Value',
        type: FieldType.number,
        values: result.map(({ value }) => Number(value?.[1])),
      },
    ],
  });
}

function seriesOf(answer: Answer, panelType: string, fromMs: number, toMs: number): DataFrame[] {
  return answer.result.map((one, index) => {
    const name = answer.legend[index] || undefined;
    const { times, values } = answer.instant
      ? { times: [(one.value?.[0] ?? 0) * 1000], values: [Number(one.value?.[1])] }
      : everyStep(one.values ?? [], answer.stepSeconds, fromMs, toMs, panelType === 'timeseries');
    return toDataFrame({
      refId: answer.refId,
      name,
      fields: [
        { name: 'Time', type: FieldType.time, config: { interval: answer.stepSeconds * 1000 }, values: times },
        { name: 'Value', type: FieldType.number, labels: one.metric, config: { displayNameFromDS: name }, values },
      ],
    });
  });
}

/** A point for each step, null where nothing is: so Grafana's backend has it, and curves end where data does. */
function everyStep(
  samples: readonly (readonly [number, string])[],
  stepSeconds: number,
  fromMs: number,
  toMs: number,
  finiteOnly: boolean,
): { times: number[]; values: (number | null)[] } {
  const known = new Map(samples.map(([time, value]) => [time, Number(value)]));
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (let at = Math.floor(fromMs / 1000 / stepSeconds) * stepSeconds; at <= toMs / 1000; at += stepSeconds) {
    const value = known.get(at);
    times.push(at * 1000);
    values.push(value === undefined || (finiteOnly && !Number.isFinite(value)) ? null : value);
  }
  return { times, values };
}
