import type { DemoLab } from './lab.ts';
import { type PresetName, presetNames } from './presets.ts';

/** Stands for every path where a path is healed or restored. */
const allPaths = 'all';

/** A wish to change the lab while it runs. `path` is a path's name or, but for `break`, `all`. */
export type LabChange =
  | { readonly action: 'break'; readonly path: string; readonly preset: PresetName }
  | { readonly action: 'heal' | 'restore'; readonly path: string };

/** Checks the names. Throws RangeError whose message names what there is. */
export function parseChange(
  action: LabChange['action'],
  path: string | undefined,
  preset: string | undefined,
  paths: readonly string[],
): LabChange {
  const known = action === 'break' ? paths : [...paths, allPaths];
  if (path === undefined || !known.includes(path))
    throw new RangeError(`no path ${JSON.stringify(path ?? '')}; there are ${known.join(', ')}`);
  if (action !== 'break') return { action, path };
  const found = presetNames.find((name) => name === preset);
  if (found === undefined)
    throw new RangeError(`no preset ${JSON.stringify(preset ?? '')}; there are ${presetNames.join(', ')}`);
  return { action, path, preset: found };
}

/** Changes the lab; returns what was done, as one line. */
export function applyChange(lab: DemoLab, change: LabChange): string {
  if (change.action === 'break') {
    lab.break(change.path, change.preset);
    return `${change.path}: now ${change.preset}`;
  }
  const paths = change.path === allPaths ? lab.paths.map(({ name }) => name) : [change.path];
  for (const path of paths) lab[change.action](path);
  return `${change.path}: ${change.action === 'heal' ? 'nothing is in the way any more' : 'as at the start'}`;
}
