/** One picture: a board, what is chosen on it, and whether it is kept in the documentation. */
export interface Situation {
  readonly name: string;
  readonly board: 'overview' | 'path';
  readonly chosen: Readonly<Record<string, readonly string[]>>;
  readonly rangeSeconds?: number;
  /** Before anything was scraped. */
  readonly beforeAll?: true;
  /** Whether the tests are made of its answers. */
  readonly tested?: true;
  readonly keep?: readonly ('light' | 'dark')[];
}

const one = { job: ['blobprobe'] };
const day = 86_400;

/** How boards are met. Jobs are those of `recording.ts`: the same demonstration, scraped as other installations would be. */
export const situations: readonly Situation[] = [
  { name: 'overview', tested: true, board: 'overview', chosen: one, keep: ['light', 'dark'] },
  { name: 'overview-one-path', tested: true, board: 'overview', chosen: { job: ['single'] }, keep: ['light'] },
  { name: 'overview-two-probers', tested: true, board: 'overview', chosen: { job: ['pair'] }, keep: ['dark'] },
  { name: 'overview-five-probers', board: 'overview', chosen: { job: ['five'] }, keep: ['light'] },
  { name: 'overview-many-checks', tested: true, board: 'overview', chosen: { job: ['many'] }, keep: ['dark'] },
  { name: 'overview-a-day', board: 'overview', chosen: one, rangeSeconds: day, keep: ['light'] },
  { name: 'overview-no-data', tested: true, board: 'overview', chosen: one, beforeAll: true, keep: ['light'] },
  {
    name: 'path-broken',
    tested: true,
    board: 'path',
    chosen: { ...one, path: ['cloudflare-free'] },
    keep: ['light', 'dark'],
  },
  { name: 'path-healthy', board: 'path', chosen: { ...one, path: ['bypass'] }, keep: ['dark'] },
  { name: 'path-two-probers', board: 'path', chosen: { job: ['pair'], path: ['internal'] } },
  { name: 'path-a-day', board: 'path', chosen: { ...one, path: ['cloudflare-free'] }, rangeSeconds: day },
  { name: 'path-no-data', board: 'path', chosen: one, beforeAll: true },
];
