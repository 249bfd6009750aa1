import { overview } from './overview.ts';
import { path } from './path.ts';
import { type ClassicBoard, schemaV2 } from './schema-v2.ts';

export const dashboardFileNames = ['blobprobe-overview.json', 'blobprobe-path.json'] as const;
export type DashboardFileName = (typeof dashboardFileNames)[number];

/** The boards as files that anyone can import: classic JSON, which every Grafana from 10 on takes. */
export function dashboardFiles(): Readonly<Record<DashboardFileName, string>> {
  return { 'blobprobe-overview.json': written(overview()), 'blobprobe-path.json': written(path()) };
}

/** The same boards in schema v2, for those who keep their boards so: Grafana 13 takes both. */
export function dashboardFilesV2(): Readonly<Record<DashboardFileName, string>> {
  const classic = dashboardFiles();
  const made = (name: DashboardFileName): string => written(schemaV2(JSON.parse(classic[name]) as ClassicBoard));
  return {
    'blobprobe-overview.json': made('blobprobe-overview.json'),
    'blobprobe-path.json': made('blobprobe-path.json'),
  };
}

function written(dashboard: object): string {
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}
