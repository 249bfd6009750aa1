import { groupBy } from '../../probe/group-by.ts';
import { formatBytes } from '../../probe/byte-words.ts';
import { mostAttempts, pullRounds, type Run } from '../../probe/outcome.ts';
import { describeFailure } from '../../probe/compare/verdict-words.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { heldUpBy } from '../sending-words.ts';
import { speedText } from './comparison.ts';
import { type Block, titledList } from './document.ts';
import { type ReportData, runsOver, sizeOf } from './report-data.ts';

/** What works over one path and what does not: pushes of the same client and size, with the same end, are one line. */
export function pathBlocks(data: ReportData, { name, origin, kind }: ReportData['paths'][number]): Block[] {
  const runs = runsOver(data, name);
  const good = runs.filter(({ ok }) => ok);
  const bad = runs.filter(({ ok }) => !ok);
  const endpoints = Object.entries(data.apis.find(({ path }) => path === name)?.endpoints ?? {});
  const up = endpoints.filter(([, state]) => state.up).map(([endpoint]) => endpoint);
  const down = endpoints.flatMap(([endpoint, state]) =>
    state.up ? [] : [`${endpoint}: ${describeFailure(state.failure)}`],
  );
  const works = [
    ...(up.length === 0 ? [] : [`API: ${up.join(', ')}`]),
    ...[...groupBy(good, whatOf).values()].map(goodLine),
  ];
  const fails = [...down, ...[...groupBy(bad, howOf).values()].map(badLine)];
  return [
    { kind: 'heading', text: name },
    { kind: 'paragraph', text: `${origin} (${kind})` },
    ...titledList('Works', works),
    ...titledList('Pulls', pullLines(good)),
    ...titledList('What held it up', heldUpLines(good)),
    ...titledList('Fails', fails),
  ];
}

type Group = readonly [Run, ...Run[]];

function whatOf(run: Run): string {
  return `${run.check.client.name}, ${formatBytes(sizeOf(run))}`;
}

function howOf(run: Run): string {
  const { reason, phase, answeredBy, status } = run.failure ?? {};
  return JSON.stringify([whatOf(run), reason, phase, answeredBy, status]);
}

/** `docker, 1 MiB: in 139 ms`, or `docker, 1 MiB: 20 pushes, 21 ms to 524 ms, median 44 ms`. */
function goodLine(runs: Group): string {
  const [first] = runs;
  const retried = runs.filter((run) => mostAttempts(run) > 1).length;
  if (runs.length === 1) return `${whatOf(first)}: in ${formatDuration(first.durationMs)}${attemptsOf(first)}`;
  const times = runs.map(({ durationMs }) => durationMs).toSorted((a, b) => a - b);
  const [shortest, median, longest] = [0, (times.length - 1) >> 1, times.length - 1].map((index) =>
    formatDuration(times[index] ?? 0),
  );
  const note = retried === 0 ? '' : `, ${retried} only after retries`;
  return `${whatOf(first)}: ${runs.length} pushes, ${shortest} to ${longest}, median ${median}${note}`;
}

/** The cold pull and, where there is one, the warm one, with what caches said. */
function pullLines(runs: readonly Run[]): string[] {
  return pullRounds.flatMap((round) => {
    const speed = speedText(runs, ({ pulls }) => pulls?.[round]?.bytesPerSecond);
    const said = [...new Set(runs.flatMap(({ pulls }) => pulls?.[round]?.cache ?? []))];
    const words = said.length === 0 ? '' : `, cache: ${said.join(', ')}`;
    return speed === undefined ? [] : [`${round}: ${speed}${words}`];
  });
}

/** Of the largest that got through as each client, where the kernel can be asked. */
function heldUpLines(runs: readonly Run[]): string[] {
  return [...groupBy(runs, ({ check }) => check.client.name).values()].flatMap((group) => {
    const [largest] = group.toSorted((a, b) => sizeOf(b) - sizeOf(a));
    const held = heldUpBy(largest?.sending ?? {});
    return largest === undefined || held === undefined ? [] : [`${whatOf(largest)}: ${held}`];
  });
}

/** The newest stands for all. */
function badLine(runs: Group): string {
  const last = runs.toSorted((a, b) => +b.startedAt - +a.startedAt || a.id.localeCompare(b.id))[0] ?? runs[0];
  const how = last.failure === undefined ? 'failed' : describeFailure(last.failure);
  const times = runs.length === 1 ? '' : ` (${runs.length} pushes, this is the last)`;
  return `${whatOf(last)}: ${how}${attemptsOf(last)}${times}`;
}

function attemptsOf(run: Run): string {
  return mostAttempts(run) === 1 ? '' : ` (${mostAttempts(run)} attempts)`;
}
