import { checkId } from '../probe/check.ts';
import { buildConfig } from './build.ts';
import { worstCaseBytes } from './byte-cost.ts';
import { readConfigFile } from './config-file.ts';
import type { Config } from './config.ts';
import { describeConfig } from './describe.ts';
import { expectation, found, hint, oneOf, quote } from './expected.ts';
import { likelyMeaning } from './likely-meaning.ts';
import { configSchemaObject, schemaAt, withDefaults } from './json-schema.ts';
import { ConfigError, type ConfigPath, type ConfigProblem } from './problem.ts';
import { valueAt } from './raw.ts';
import { redact } from './redact.ts';
import { checkRules } from './rules/check-rules.ts';
import { registryRules } from './rules/registry-rules.ts';
import { configSchema } from './schema/root.ts';
import { formatSize } from './size.ts';
import { type ConfigSources, resolveSources } from './sources.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

/**
 * Reads the configuration file.
 * @throws ConfigError with everything that is wrong with it, missing secret files and unset variables included.
 */
export function loadConfig(file: string, sources: ConfigSources): Config {
  return parseConfig(readConfigFile(file), file, sources);
}

/**
 * Makes a configuration of the text of a file. `fileName` is shown in errors; relative names in the text start from its folder.
 * @throws ConfigError with everything that is wrong with it.
 */
export function parseConfig(text: string, fileName: string, sources: ConfigSources): Config {
  const yaml = readYaml(text, fileName);
  const problems = [...yaml.problems];
  if (yaml.value === undefined) throw new ConfigError(problems);

  const resolved = resolveSources(sources, fileName);
  const report = (path: ConfigPath, message: string) =>
    problems.push({ file: fileName, position: yaml.valuePosition(path), path, message });
  const result = configSchema.safeParse(yaml.value, { error: expectation });
  if (result.error !== undefined)
    problems.push(...result.error.issues.flatMap((issue) => describeIssue(issue, yaml, fileName)));
  for (const rule of [registryRules, checkRules]) rule(yaml.value, report, resolved);
  if (problems.length > 0 || result.data === undefined) throw new ConfigError(problems);

  const config = buildConfig(result.data, redact(withDefaults(yaml.value, configSchemaObject())), resolved);
  checkBudget(config, (message) => report(['budget', 'bytesPerDay'], message));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** What could not be kept, or would never let a check run, is refused; what retries need on top is held back at run time. */
function checkBudget(config: Config, report: (message: string) => void): void {
  const { bytesPerDay: budget } = config.budget;
  if (budget === undefined) return;
  const { bytesPerDay } = describeConfig(config);
  if (bytesPerDay > budget) {
    const expected = `at least the ${formatSize(bytesPerDay)} that the checks move in a day without a single retry`;
    report(`expected ${expected}, got ${formatSize(budget)}`);
    return;
  }
  const costs = config.checks.map((check) => ({ id: checkId(check), bytes: worstCaseBytes(check) }));
  const largest = costs.reduce((most, one) => (one.bytes > most.bytes ? one : most), { id: '', bytes: 0 });
  if (largest.bytes > budget) {
    const expected = `at least the ${formatSize(largest.bytes)} that one run of ${largest.id} may need with all its attempts, or it never starts`;
    report(`expected ${expected}, got ${formatSize(budget)}`);
  }
}

const mergeKeys = '; merge keys are of YAML 1.1: write the keys out';

type Issue = NonNullable<ReturnType<typeof configSchema.safeParse>['error']>['issues'][number];

function describeIssue(issue: Issue, yaml: YamlSource, file: string): ConfigProblem[] {
  const path = issue.path as ConfigPath;
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schemaAt(configSchemaObject(), path)?.properties ?? {});
    return issue.keys.map((key) => {
      const keyPath = [...path, key];
      const message = `expected ${oneOf(known)} as key, got unknown key ${quote(key)}${key === '<<' ? mergeKeys : hint(key, known)}`;
      return { file, position: yaml.keyPosition(keyPath), path: keyPath, message };
    });
  }
  if (issue.code === 'invalid_key') {
    const message = `expected ${issue.issues[0]?.message ?? issue.message}, got ${quote(String(path.at(-1)))}`;
    return [{ file, position: yaml.keyPosition(path), path, message }];
  }
  const value = valueAt(yaml.value, path);
  const suggestion = issue.code === 'invalid_value' ? hint(value, issue.values.map(String)) : '';
  const message = `expected ${issue.message}, got ${found(value, path)}${suggestion}${likelyMeaning(path, value)}`;
  return [{ file, position: yaml.valuePosition(path), path, message }];
}
