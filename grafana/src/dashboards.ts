import { overview } from './overview.ts';
import { path } from './path.ts';

export const dashboardFileNames = ['blobprobe-overview.json', 'blobprobe-path.json'] as const;
export type DashboardFileName = (typeof dashboardFileNames)[number];

/** The boards as files that anyone can import: classic JSON, which every Grafana from 10 on takes. */
export function dashboardFiles(): Readonly<Record<DashboardFileName, string>> {
  return { 'blobprobe-overview.json': written(overview()), 'blobprobe-path.json': written(path()) };
}

function written(dashboard: object): string {
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}
