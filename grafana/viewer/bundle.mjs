// Bundles what is named on the command line into out/: the page for a browser, the tool and the tests for Node.js.
import { build } from 'esbuild';

const browser = {
  entryPoints: { page: 'src/page/main.tsx' },
  format: 'iife',
  platform: 'browser',
  mainFields: ['module', 'browser', 'main'],
  minify: true,
};
const node = { format: 'esm', platform: 'node', packages: 'external', outExtension: { '.js': '.mjs' } };
// Grafana's packages are made for a bundler: Node.js alone does not find all that they import.
const browserParts = `globalThis.window ??= globalThis;
globalThis.location ??= new URL('http://boards.example/');
globalThis.navigator ??= {};
if (navigator.languages === undefined) Object.defineProperty(navigator, 'languages', { value: ['en'] });`;
// Some of them ask for a window as soon as they look for features that are switched on.
const nodeWithGrafana = {
  banner: { js: browserParts },
  format: 'cjs',
  platform: 'node',
  outExtension: { '.js': '.cjs' },
};
const bundles = {
  tool: [browser, { ...node, entryPoints: { tool: 'src/tool/main.ts' } }],
  test: [
    { ...nodeWithGrafana, entryPoints: { transform: 'test/transform.test.ts', schema: 'test/schema-v2.test.ts' } },
  ],
};

const assets = ['.svg', '.woff', '.woff2', '.ttf', '.png', '.gif'];
for (const options of bundles[process.argv[2]]) {
  await build({
    bundle: true,
    outdir: 'out',
    jsx: 'automatic',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', ...(options === browser && { global: 'window' }) },
    loader: Object.fromEntries(assets.map((ending) => [ending, 'dataurl'])),
    ...options,
  });
}
