import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dashboardFileNames, dashboardFiles, dashboardFilesV2 } from '../../grafana/src/dashboards.ts';

const kinds = [
  { kind: 'classic', folder: new URL('../../grafana/dashboards/', import.meta.url), files: dashboardFiles() },
  { kind: 'schema v2', folder: new URL('../../grafana/dashboards-v2/', import.meta.url), files: dashboardFilesV2() },
];

describe.each(kinds)('the dashboards, $kind', ({ folder, files }) => {
  test.each(dashboardFileNames)('%s is what the code makes (`npm run generate` writes it)', (name) => {
    const wanted = files[name];
    if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(new URL(name, folder), wanted);
    expect(readFileSync(new URL(name, folder), 'utf8')).toBe(wanted);
  });
});
