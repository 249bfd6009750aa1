import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { pyrraFile, pyrraFileName } from '../../prometheus/src/pyrra.ts';
import { sloFile } from '../../prometheus/src/slo.ts';

const folder = new URL('../../prometheus/pyrra/', import.meta.url);

test('the objective for Pyrra is what the code makes (`npm run generate` writes it)', () => {
  const file = new URL(pyrraFileName, folder);
  if (process.env['UPDATE_GENERATED'] === '1') {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, pyrraFile());
  }
  expect(readFileSync(file, 'utf8')).toBe(pyrraFile());
});

/** `spec` of ServiceLevelObjective, as far as a ratio goes: config/crd/bases/pyrra.dev_servicelevelobjectives.yaml of Pyrra 0.9.5. */
const fields = {
  alerting: { absent: 'boolean', absentName: 'string', burnrates: 'boolean', disabled: 'boolean', name: 'string' },
  description: 'string',
  indicator: { ratio: { errors: { metric: 'string' }, total: { metric: 'string' }, grouping: 'strings' } },
  target: 'string',
  window: 'string',
} as const;

/** Names and types that the CRD does not have: an API server prunes or refuses them. */
function unknown(value: unknown, known: unknown, at: string): string[] {
  if (known === 'strings') return Array.isArray(value) && value.every((one) => typeof one === 'string') ? [] : [at];
  if (typeof known === 'string') return typeof value === known ? [] : [at];
  if (typeof known !== 'object' || known === null) return [at];
  return Object.entries(value as object).flatMap(([name, part]) =>
    unknown(part, (known as Readonly<Record<string, unknown>>)[name], `${at}.${name}`),
  );
}

interface Document {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly target: string;
    readonly window: string;
    readonly indicator: {
      readonly ratio: { readonly errors: Metric; readonly total: Metric; readonly grouping: string[] };
    };
  };
}
interface Metric {
  readonly metric: string;
}

test('has the fields of Pyrra’s CRD, and no other', () => {
  const { apiVersion, kind, metadata, spec } = parse(pyrraFile()) as Document;
  expect([apiVersion, kind]).toEqual(['pyrra.dev/v1alpha1', 'ServiceLevelObjective']);
  expect(metadata.name).toMatch(/^[a-z0-9-]+$/);
  expect(unknown(spec, fields, 'spec')).toEqual([]);
  expect(unknown({ ...spec, objective: '99' }, fields, 'spec')).toEqual(['spec.objective']);
  expect(Number(spec.target)).toBeGreaterThan(0);
  expect(Number(spec.target)).toBeLessThan(100);
});

test('counts what the rules for Sloth’s users count, with the same links', () => {
  const { metadata, spec } = parse(pyrraFile()) as Document;
  const { errors, total, grouping } = spec.indicator.ratio;
  const by = `sum by (${grouping.join(', ')})`;
  const shares = `${by} (increase(${errors.metric}[5m])) / (${by} (increase(${total.metric}[5m])) > 0)`;
  const { groups } = parse(sloFile()) as {
    groups: { rules: { record?: string; expr: string; annotations?: Readonly<Record<string, string>> }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.find(({ record }) => record === 'slo:sli_error:ratio_rate5m')?.expr).toBe(shares);
  const annotations = rules.find((rule) => rule.annotations !== undefined)!.annotations!;
  for (const name of ['summary', 'runbook_url', 'dashboard_url'])
    expect(metadata.annotations[`pyrra.dev/${name}`]).toBe(annotations[name]);
});
