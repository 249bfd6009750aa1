import { join } from 'node:path';
import { root } from './compose-file.ts';

/** The picture in the README, made by `npm run picture`. */
export const pictureFile = join(root, 'docs/images/status-page.png');
export const pictureSize = { width: 1280, height: 900 } as const;
