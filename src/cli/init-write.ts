import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseConfig } from '../config/load.ts';
import type { RegistryTarget } from '../registry/target.ts';
import { exitFailure, type Terminal } from './command.ts';
import type { FlagValues } from './flags.ts';
import { initConfigText } from './init-config.ts';
import { findingOf, type Tried, works } from './init-trial.ts';

/** What was tried, and where it is to be written. */
interface Outcome {
  readonly file: string;
  readonly registry: RegistryTarget;
  readonly tried: readonly Tried[];
  readonly values: Pick<FlagValues, 'text'>;
}

/** Writes the file if something got through, and says what comes next. Returns the exit code; throws what the system refuses. */
export function writeConfig({ file, registry, tried, values }: Outcome, terminal: Terminal): number {
  const paths = tried.filter((one) => one.isNamed || works(one));
  const passed = tried.flatMap(({ runs }) => runs.flatMap((run) => (run.ok ? [run.check.client.name] : [])));
  if (passed.length === 0) {
    const finding = tried.flatMap((one) => findingOf(one) ?? [])[0];
    const remedy = finding === undefined ? '' : `Remedy: ${finding.remedy}\nSee: ${finding.reference}\n`;
    terminal.err(`Nothing got through, so ${file} is not written.\n${remedy}`);
    return exitFailure;
  }
  const given = values.text('password-file');
  const passwordFile = given === undefined ? `${file}.password` : resolve(given);
  const { credentials } = registry;
  const isNew = credentials.kind === 'basic' && given === undefined;
  if (isNew) writeFileSync(passwordFile, credentials.password.reveal(), { flag: 'wx', mode: 0o600 });
  const text = initConfigText({
    file,
    registry,
    passwordFile: resolve(passwordFile),
    paths,
    clients: [...new Set(passed)],
  });
  // What does not pass the check is a defect of ours, and is not written.
  parseConfig(text, file, { env: terminal.env });
  writeFileSync(file, text, { flag: 'wx' });
  if (isNew) terminal.out(`${passwordFile} holds the password; only you can read it.\n`);
  const run = `blobprobe --config.file=${file}`;
  terminal.out(`${file} is written. See what it does in a day, then run it:\n  ${run} --config.check\n  ${run}\n`);
  return 0;
}
