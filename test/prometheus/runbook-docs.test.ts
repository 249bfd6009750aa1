import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { alertGroups } from '../../prometheus/src/rules.ts';
import { capitalized } from '../../src/publish/format.ts';
import type { Cause } from '../../src/probe/diagnose/cause.ts';
import { accessCauses } from '../../src/probe/diagnose/causes-access.ts';
import { authCauses } from '../../src/probe/diagnose/causes-auth.ts';
import { bodyCauses } from '../../src/probe/diagnose/causes-body.ts';
import { paceCauses } from '../../src/probe/diagnose/causes-pace.ts';
import { pullCauses } from '../../src/probe/diagnose/causes-pull.ts';
import { registryCauses } from '../../src/probe/diagnose/causes-registry.ts';
import { slowCauses } from '../../src/probe/diagnose/causes-slow.ts';
import { causes } from '../../src/probe/diagnose/causes.ts';
import { markdownRow, placeOfCause, remedyOfCause } from '../support/cause-table.ts';

type Row = Pick<Cause, 'title' | 'hop' | 'nextTest' | 'remedy' | 'reference'>;

const sizeLimits = Object.entries(causes)
  .filter(([name]) => /^(?!pull_).*_(?:body|size)_limit$/.test(name))
  .map(([, cause]) => cause);

/** The causes that an alert can have. All others are one click away, in docs/diagnosis.md. */
const causesOf: Readonly<Record<string, readonly Row[]>> = {
  BlobprobePathFault: [...Object.values(bodyCauses), ...sizeLimits],
  BlobprobePushFailing: [...Object.values(bodyCauses), ...sizeLimits],
  BlobprobeAllPathsFailing: Object.values(registryCauses),
  BlobprobeAuthFailing: Object.values({ ...authCauses, ...accessCauses }),
  BlobprobePullCorrupted: [pullCauses.pull_recoded, pullCauses.pull_cache_wrong, pullCauses.pull_altered],
  BlobprobeSizeLimitDropped: sizeLimits,
  BlobprobeDurationLimitDropped: Object.values(paceCauses),
  BlobprobePullSizeLimitDropped: [pullCauses.pull_size_refused, pullCauses.pull_size_limit],
  BlobprobePullDurationLimitDropped: [
    pullCauses.envoy_pull_timeout,
    pullCauses.pull_time_limit,
    pullCauses.pull_silence_limit,
  ],
  BlobprobeThroughputDegraded: Object.values(slowCauses),
};

const start = '<!-- What follows is written by `npm run generate`, from the table of causes. -->';
const end = '<!-- The end of what is written. -->';

function block(rows: readonly Row[]): string {
  const table = rows.map((row) =>
    markdownRow(capitalized(row.title), placeOfCause(row), row.nextTest, remedyOfCause(row)),
  );
  return [
    start,
    '',
    '`blobprobe diagnose` over the path says which of these it is, and by what. All causes: [docs/diagnosis.md](../diagnosis.md#causes).',
    '',
    markdownRow('Cause', 'Hop', 'How to see it', 'What to do'),
    '|---|---|---|---|',
    ...table,
    '',
    end,
  ].join('\n');
}

describe('the runbook of an alert with causes', () => {
  test.each(Object.entries(causesOf))('%s has them at its top (npm run generate writes them)', (alert, rows) => {
    const file = new URL(`../../docs/runbooks/${alert}.md`, import.meta.url);
    const text = readFileSync(file, 'utf8');
    const rest = text.slice(text.indexOf('## What users cannot do'));
    const wanted = `# ${alert}\n\n${block(rows)}\n\n${rest}`;
    if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(file, wanted);
    expect(readFileSync(file, 'utf8')).toBe(wanted);
    expect(rows.length).toBeGreaterThan(1);
  });

  test('each is of an alert that there is', () => {
    const alerts = alertGroups().flatMap(({ rules }) => rules.map(({ alert }) => alert));
    expect(Object.keys(causesOf).filter((name) => !alerts.includes(name))).toEqual([]);
  });
});
