// One step of a CI job: examines the way from this runner to a registry, after a push that failed or before a large one, and says what to do in the
// job's summary and by its exit code (docs/ci.md). Needs Node.js and blobprobe alone; all that it is told comes by the environment.
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';

const { env } = process;

/** What the job can do next. */
const exits = { goOn: 0, unknown: 1, wrong: 2, otherWay: 10, down: 20 };

/** Causes by which the registry is gone or broken, whichever way leads there. */
const downCauses = new Set([
  'registry_down',
  'nothing_answers',
  'nothing_listens',
  'no_way_there',
  'hop_cannot_reach_registry',
  'registry_failing',
  'storage_failing',
  'storage_full',
]);

const modes = { diagnose: { args: diagnoseArgs, say: sayDiagnosis }, advise: { args: adviseArgs, say: sayAdvice } };

function main() {
  const mode = env.BLOBPROBE_MODE || 'diagnose';
  const work = Object.hasOwn(modes, mode) ? modes[mode] : undefined;
  if (work === undefined || !env.BLOBPROBE_REFERENCE) {
    complain('BLOBPROBE_MODE is diagnose or advise, and BLOBPROBE_REFERENCE names the registry or the image');
    return exits.wrong;
  }
  const [program = 'blobprobe', ...first] = (env.BLOBPROBE_COMMAND || 'blobprobe').split(' ');
  const { stdout, status, error } = spawnSync(program, [...first, mode, ...work.args(), '--json'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error !== undefined) complain(`${program}: ${error.message}`);
  const answer = parsed(stdout ?? '');
  if (answer === undefined) return status === exits.wrong ? exits.wrong : exits.unknown;
  const { code, lines } = work.say(answer);
  summarize(['### blobprobe: ' + headlines[code], '', ...lines, '']);
  return code;
}

function complain(line) {
  process.stderr.write(`blobprobe step: ${line}\n`);
}

const headlines = {
  [exits.goOn]: 'nothing is in the way, try again',
  [exits.unknown]: 'it is not known what is in the way',
  [exits.otherWay]: 'this path does not work, use another path or client',
  [exits.down]: 'the registry is down',
};

function clientArgs() {
  return (env.BLOBPROBE_CLIENT || 'docker').split(/[\s,]+/).map((client) => `--client=${client}`);
}

function diagnoseArgs() {
  const size = env.BLOBPROBE_SIZE ? [`--size=${env.BLOBPROBE_SIZE}`] : [];
  return ['--quick', ...clientArgs(), ...size, env.BLOBPROBE_REFERENCE];
}

function adviseArgs() {
  if (!env.BLOBPROBE_IMAGE) return ['--search', ...clientArgs(), env.BLOBPROBE_REFERENCE];
  const url = /^https?:/.test(env.BLOBPROBE_REFERENCE) ? env.BLOBPROBE_REFERENCE : `https://${env.BLOBPROBE_REFERENCE}`;
  const login = env.BLOBPROBE_DOCKER_CONFIG ? [`--docker-config=${env.BLOBPROBE_DOCKER_CONFIG}`] : [];
  return ['--search', `--url=${url}`, ...login, ...clientArgs(), env.BLOBPROBE_IMAGE];
}

function sayDiagnosis(all) {
  const findings = all.flatMap(({ findings: found }) => found);
  const isHealthy = all.every(({ kind }) => kind === 'healthy');
  const isFault = all.some(({ kind }) => kind === 'fault');
  const isDown = findings.some(({ cause, confidence }) => downCauses.has(cause) && confidence !== 'open');
  const code = isHealthy ? exits.goOn : isDown ? exits.down : isFault ? exits.otherWay : exits.unknown;
  const lines = all.flatMap(({ path, client, why, findings: found }) => [
    `- ${safe(path)} as ${safe(client)}: ${safe(why)}`,
    ...found.map(
      ({ title, hop, confidence, remedy }) =>
        `  - ${safe(capitalized(title))} (${hop}, ${confidence}). ${safe(remedy)}`,
    ),
  ]);
  return { code, lines };
}

function sayAdvice({ advice }) {
  const dies = advice.some(({ verdict }) => verdict === 'dies');
  const passes = advice.every(({ verdict }) => verdict === 'passes');
  const lines = advice.flatMap(({ image, path, client, sentence, waysOutWords }) => [
    `- ${safe(image)} over ${safe(path)} as ${safe(client)}: ${safe(sentence)}`,
    ...waysOutWords.map((way) => `  - way out: ${safe(way)}`),
  ]);
  return { code: dies ? exits.otherWay : passes ? exits.goOn : exits.unknown, lines };
}

/** Servers' words stand in some of it: no line breaks, no HTML, no links. */
function safe(text) {
  return String(text)
    .replace(/\s+/g, ' ')
    .replace(/[<>[\]]/g, (sign) => `\\${sign}`);
}

function capitalized(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** GitHub and Forgejo name a file for Markdown; GitLab has none, there it stands in the log, and in a file when one is named. */
function summarize(lines) {
  const text = `${lines.join('\n')}\n`;
  const file = env.BLOBPROBE_SUMMARY || env.GITHUB_STEP_SUMMARY;
  if (file) appendFileSync(file, text);
  process.stdout.write(text);
}

process.exitCode = main();
