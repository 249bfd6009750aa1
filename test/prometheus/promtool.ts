import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requireComponent } from '../support/component.ts';

const run = promisify(execFile);

/** promtool of Prometheus 2 and of Prometheus 3: rules must pass both. */
export const promtools = ['promtool', 'promtool3'] as const;
export type Promtool = (typeof promtools)[number];

/** Runs a program to its end; `code` 0 and all it wrote, or its code. Never rejects for a non-zero code. */
export async function runTool(
  tool: Promtool | 'amtool',
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  try {
    const { stdout, stderr } = await run(requireComponent(tool), [...args], {
      maxBuffer: 64 * 1024 * 1024,
      timeout: 110_000,
    });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

/** One input series: a value for each step from the start, undefined where there is none. */
export interface InputSeries {
  readonly series: string;
  readonly values: readonly (number | undefined)[];
}

/** What an expression gives at a time: the label sets, each with value 1. */
export interface Expectation {
  readonly atSeconds: number;
  readonly expr: string;
  readonly samples: readonly string[];
}

export interface AlertText {
  readonly atSeconds: number;
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RuleTest {
  readonly ruleFiles: readonly string[];
  /** In what order groups are evaluated; promtool's own order changes from run to run. */
  readonly groupOrder: readonly string[];
  readonly stepSeconds: number;
  readonly series: readonly InputSeries[];
  readonly expectations: readonly Expectation[];
  readonly texts?: readonly AlertText[];
}

/** `promtool test rules` on one test; the output says what differs. */
export async function testRules(
  tool: Promtool,
  ruleTest: RuleTest,
): Promise<{ readonly code: number; readonly output: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'blobprobe-rules-'));
  try {
    const file = join(folder, 'test.json');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(testFile(ruleTest)));
    return await runTool(tool, ['test', 'rules', file]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function testFile({ ruleFiles, groupOrder, stepSeconds, series, expectations, texts = [] }: RuleTest): object {
  return {
    rule_files: ruleFiles,
    evaluation_interval: `${stepSeconds}s`,
    group_eval_order: groupOrder,
    tests: [
      {
        interval: `${stepSeconds}s`,
        input_series: series.map(({ series, values }) => ({
          series,
          values: values.map((value) => value ?? '_').join(' '),
        })),
        promql_expr_test: expectations.map(({ expr, atSeconds, samples }) => ({
          expr,
          eval_time: `${atSeconds}s`,
          exp_samples: samples.map((labels) => ({ labels, value: 1 })),
        })),
        alert_rule_test: texts.map(({ atSeconds, alert, labels, annotations }) => ({
          eval_time: `${atSeconds}s`,
          alertname: alert,
          exp_alerts: [{ exp_labels: labels, exp_annotations: annotations }],
        })),
      },
    ],
  };
}
