import type { ConfigSources } from '../../src/config/sources.ts';

/** Sources that hold the given files and variables and nothing else. */
export function fakeSources(
  facts: { readonly files?: Readonly<Record<string, string>>; readonly env?: Readonly<Record<string, string>> } = {},
): ConfigSources {
  const files = facts.files ?? {};
  return {
    env: facts.env ?? {},
    readFile: (file) => {
      const content = Object.hasOwn(files, file) ? files[file] : undefined;
      if (content === undefined) throw Object.assign(new Error(`no such file: ${file}`), { code: 'ENOENT' });
      return content;
    },
  };
}
