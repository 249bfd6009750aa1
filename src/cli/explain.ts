import { existsSync } from 'node:fs';
import { describeFailure } from '../probe/compare/verdict-words.ts';
import { reasonTable } from '../probe/judge/reason-table.ts';
import { explainLine, type Explanation } from '../probe/explain/explain-line.ts';
import { capitalized, jsonText } from '../publish/format.ts';
import { type Command, usualExitCodes } from './command.ts';
import { UsageError, jsonFlag } from './flags.ts';

const mostLines = 1_000;
const unknownExit = 4;

/** Judges log lines of real pushes. Exit codes: see `exitCodes`. */
export const explainCommand: Command = {
  name: 'explain',
  summary:
    "Explains log lines of a real user's failed push: reason, hop, cause, remedy, and the run that shows the same.",
  exitCodes: {
    0: 'each line is explained, or shows no failure',
    [unknownExit]: 'at least one line is in no known format',
    ...usualExitCodes,
  },
  argument: {
    placeholder: 'LOGLINE',
    help: 'Lines, each in quotes, from nginx, ingress-nginx, Traefik, Envoy, HAProxy, Caddy, distribution, Gitea, Forgejo or cloudflared. Without any, lines are read from standard input.',
    several: true,
  },
  flags: jsonFlag,
  async run(values, terminal) {
    const [first = ''] = values.arguments;
    if (values.arguments.length === 1 && existsSync(first))
      throw new UsageError(`${first} is a file: give its lines on standard input, blobprobe explain < ${first}`);
    const given = values.arguments.length === 0 ? terminal.readInput() : values.arguments.join('\n');
    const lines = given.split(/\r?\n/).filter((line) => line.trim() !== '');
    if (lines.length === 0) throw new UsageError('give a log line, or lines on standard input');
    if (lines.length > mostLines) throw new UsageError(`${lines.length} lines are too many, at most ${mostLines}`);
    const all = lines.map(explainLine);
    terminal.out(values.isSet('json') ? jsonText(all.map(view)) : all.map(text).join('\n'));
    return all.some(({ kind }) => kind === 'unknown') ? unknownExit : 0;
  },
};

type Failed = Extract<Explanation, { kind: 'failure' }>;

function text(one: Explanation): string {
  if (one.kind === 'unknown') return `not known: ${one.why}\n`;
  const { format, method, uri } = one.request;
  const head = `${format}: ${[method, uri].filter((part) => part !== '').join(' ')}\n`;
  if (one.kind === 'no-failure') return `${head}  no failure: ${one.why}\n`;
  const { failure } = one;
  const rows = [
    ['reason', `${failure.reason}: ${reasonTable[failure.reason].title}`],
    ['seen', seenWords(one)],
    ['hop', hopWords(one)],
    ...causeRows(one),
    ['same', runThatShows(one)],
    ['next', nextTest(one)],
  ];
  return `${head}${rows.map(([name = '', words]) => `  ${name.padEnd(6)}  ${words}\n`).join('')}`;
}

/** The cause that the line names, or what it leaves open. */
function causeRows({ failure, findings, restsOn }: Failed): string[][] {
  const { causes, remedy } = reasonTable[failure.reason].words;
  const [first] = findings;
  if (first === undefined && failure.phase === 'pull') {
    return [
      ['cause', 'not known: one log line of a pull does not tell why it failed'],
      ['remedy', 'read what this hop and the one behind it log at that time, and compare with what is tried below'],
    ];
  }
  if (first === undefined) {
    return [
      ['cause', `not known; usual ones: ${causes}`],
      ['remedy', remedy],
    ];
  }
  if (restsOn === 'words of one line') {
    return [
      ['cause', `${first.title} (${first.confidence}, by the words of this line)`],
      ['remedy', first.remedy],
    ];
  }
  return [
    ['cause', 'open: one line has nothing to compare with, it may be'],
    ...findings.map(({ title, remedy: then }) => ['', `- ${capitalized(title)}. ${then}`]),
  ];
}

/** Lines that tell no time are not shown one. */
function seenWords({ request, failure }: Failed): string {
  const words = describeFailure(failure);
  return request.elapsedMs === undefined ? words.replace(/(?: and|, after) 0 ms$/, '') : words;
}

function hopWords({ request, failure, findings, restsOn }: Failed): string {
  if (request.clientGone === true && findings.length === 0)
    return 'before the one that logged: the client, or a hop between, gave up';
  if (request.registryGone === true && findings.length === 0)
    return 'behind the one that logged: the registry, or a hop between, closed the connection';
  if (request.answeredBy === 'other') return 'unknown: the answer was passed on, or the line does not say who made it';
  return (restsOn === 'words of one line' ? findings[0]?.hop : undefined) ?? failure.blame;
}

/** The command whose push meets the same: of the size that was sent, or slow, as the client of the line. */
function runThatShows(one: Failed): string {
  const { reason, elapsedMs } = one.failure;
  const isTime = reasonTable[reason].tells.time !== 'no' && elapsedMs >= 5_000;
  return isTime
    ? `blobprobe limit ${targetOf(one)} --only=duration${wayOf(one)}`
    : `blobprobe push ${targetOf(one)}${sizeOf(one)}${wayOf(one)}`;
}

/** The command that tries the causes against each other: it has the contrasts that a line has not. */
function nextTest(one: Failed): string {
  return `blobprobe diagnose ${targetOf(one)}${sizeOf(one)}${wayOf(one)}`;
}

/** A pull that failed shows where something is pulled. */
function wayOf({ failure }: Failed): string {
  return failure.phase === 'pull' ? ' --pull' : '';
}

function targetOf({ request, client }: Failed): string {
  const [, origin, repository] = /^(https?:\/\/[^/]+)?\/v2\/(.+?)\/(?:blobs|manifests|tags)\//.exec(request.uri) ?? [];
  return `--url=${origin ?? 'https://REGISTRY'}/${repository ?? 'REPOSITORY'} --client=${client}`;
}

function sizeOf({ failure }: Failed): string {
  return failure.sentBytes > 0 ? ` --size=${failure.sentBytes}B` : '';
}

/** Fields named one by one: nothing of a line goes out but what was read. */
function view(one: Explanation): object {
  if (one.kind !== 'failure') return one;
  const { kind, request, failure, findings, restsOn, client } = one;
  return {
    kind,
    request,
    failure,
    findings,
    restsOn,
    client,
    hop: hopWords(one),
    same: runThatShows(one),
    next: nextTest(one),
  };
}
