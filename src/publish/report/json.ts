import { jsonText } from '../format.ts';
import { runView } from '../run-view.ts';
import { type ReportData, runsOf } from './report-data.ts';
import { routingWords } from './routing-words.ts';

/** The report for machines: all runs request by request, verdicts, limits, diagnoses and routing. Holds no credentials. */
export function renderJson(data: ReportData): string {
  const { generatedAt, version, registry, paths, rounds, apis, limits, diagnoses } = data;
  const document = {
    generatedAt,
    version,
    registry,
    paths: paths.map(({ name, origin, kind }) => ({ name, origin, kind })),
    routing: routingWords(data),
    verdicts: rounds.map(({ id, client, workload, verdict }) => ({ round: id, client, workload, ...verdict })),
    apis,
    limits: limits.map(({ registry: _registry, path, client, ...limit }) => ({ path, client, limit })),
    diagnoses,
    runs: runsOf(data).map((run) => runView(run, true)),
  };
  return jsonText(document);
}
