import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnosis } from '../../../src/probe/diagnose/finding.ts';
import { builtProgram } from '../../support/program.ts';
import { type Place, everywhere } from './place.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const main = builtProgram();

/** What the built program is asked about one path of a registry. */
export interface Question {
  /** Path name → its settings, as in a configuration; `public` is asked about. */
  readonly paths: Readonly<Record<string, object>>;
  readonly credentials?: object;
  readonly repository?: string;
  readonly client?: string;
  /** As the configuration writes it. Default 8MB. */
  readonly size?: string;
  /** More flags of `diagnose`; default `--quick`. */
  readonly flags?: readonly string[];
}

export interface Answer {
  readonly diagnosis: Diagnosis;
  readonly exitCode: number | string;
  /** All that it wrote, for whoever has to find out why. */
  readonly text: string;
  readonly tookMs: number;
}

/** Runs `blobprobe diagnose --json` on the path `public`, in that place. Throws when it does not answer with JSON. */
export async function askProgram(question: Question, place: Place = everywhere): Promise<Answer> {
  const { exitCode, text, tookMs } = await runProgram(
    'diagnose',
    ['--json', ...(question.flags ?? ['--quick'])],
    question,
    place,
  );
  const json = /^\[\n[\s\S]*^\]$/m.exec(text)?.[0];
  if (json === undefined) throw new Error(`diagnose ended with ${exitCode} and no result:\n${text}`);
  const [diagnosis] = JSON.parse(json) as Diagnosis[];
  return { diagnosis: diagnosis!, exitCode, text, tookMs };
}

/** Runs `blobprobe push` over the path `public`, once, without retries; with `flags`, if there are any. */
export function pushByProgram(question: Question, place: Place = everywhere): Promise<Omit<Answer, 'diagnosis'>> {
  const { size = '8MB', flags = [] } = question;
  return runProgram('push', [`--size=${size}`, '--retries=none', ...flags], question, place);
}

async function runProgram(
  command: string,
  flags: readonly string[],
  { paths, credentials, client = 'docker', size = '8MB', repository = 'team/probe' }: Question,
  place: Place,
): Promise<Omit<Answer, 'diagnosis'>> {
  const directory = temporaryDirectory(command);
  try {
    const file = join(directory.path, 'config.json');
    const registry = { repository, paths, ...(credentials && { credentials }) };
    const checks = { large: { size, every: '1h', clients: [client] } };
    writeFileSync(file, JSON.stringify({ registries: { real: registry }, checks }));
    const start = performance.now();
    const program = await place.start(
      process.execPath,
      [main, command, `--config.file=${file}`, '--registry=real', '--path=public', `--client=${client}`, ...flags],
      { cwd: directory.path, env: { PATH: process.env['PATH'], HOME: directory.path } },
    );
    const exitCode = await program.exited;
    return { exitCode, text: program.output(), tookMs: performance.now() - start };
  } finally {
    directory.remove();
  }
}
