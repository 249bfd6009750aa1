import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dashboardFileNames, dashboardFiles } from '../../grafana/src/dashboards.ts';

const folder = new URL('../../grafana/dashboards/', import.meta.url);

describe('the dashboards', () => {
  test.each(dashboardFileNames)('%s is what the code makes (`npm run generate` writes it)', (name) => {
    const wanted = dashboardFiles()[name];
    if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(new URL(name, folder), wanted);
    expect(readFileSync(new URL(name, folder), 'utf8')).toBe(wanted);
  });
});
