import type { ClientName, ClientProfile } from '../../src/probe/client-profile.ts';
import { clientNames } from '../../src/probe/client-profile.ts';
import type { ConfigSources } from '../../src/config/sources.ts';

/** A row of the client table that says nothing but its name and how often it tries. */
export function stubProfile(name: ClientName, maxAttempts = 5): ClientProfile {
  return {
    name,
    source: 'test',
    userAgent: 'test',
    httpVersion: '1.1',
    ping: true,
    headBefore: false,
    headAfter: true,
    shape: 'patch-streamed',
    writeBytes: 32_768,
    requestHeaders: {},
    postHeaders: {},
    putHeaders: {},
    checksRange: false,
    retry: { maxAttempts, delayMs: () => 0, retries: () => true },
    resendsBody: false,
    anonymousMount: false,
    manifest: 'oci',
    concurrency: 1,
  };
}

export const allProfiles: ConfigSources['profiles'] = Object.fromEntries(
  clientNames.map((name) => [name, stubProfile(name)]),
);

/** Sources that hold the given files and variables and nothing else. */
export function fakeSources(
  facts: {
    readonly files?: Readonly<Record<string, string>>;
    readonly env?: Readonly<Record<string, string>>;
    readonly profiles?: ConfigSources['profiles'];
  } = {},
): ConfigSources {
  const files = facts.files ?? {};
  return {
    env: facts.env ?? {},
    profiles: facts.profiles ?? allProfiles,
    readFile: (file) => {
      const content = Object.hasOwn(files, file) ? files[file] : undefined;
      if (content === undefined) throw Object.assign(new Error(`no such file: ${file}`), { code: 'ENOENT' });
      return content;
    },
  };
}
