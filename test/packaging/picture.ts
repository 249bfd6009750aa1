import { join } from 'node:path';
import { root } from './compose-file.ts';

/** The picture in the README, made by `npm run picture`: the whole page, as long as it is. */
export const pictureFile = join(root, 'docs/images/status-page.png');
export const pictureSize = { width: 1440, height: 900 } as const;

const pageFolder = join(root, 'docs/images/pages');

/** Every page, in light and dark, at the widths of a small screen, a large one and a phone. */
export function pagePictures(runs: Readonly<Record<'failed' | 'ok', string>>) {
  const pages = {
    status: '/',
    runs: '/runs',
    'run-failed': runs.failed,
    'run-ok': runs.ok,
    report: '/report',
    config: '/config',
    'not-found': '/nowhere',
  };
  return Object.entries(pages).flatMap(([name, path]) =>
    (['light', 'dark'] as const).flatMap((colorScheme) =>
      [1280, 1600, 390].map((width) => ({
        path,
        colorScheme,
        viewport: { width, height: 900 },
        file: join(pageFolder, `${name}-${colorScheme}-${width}.png`),
      })),
    ),
  );
}
