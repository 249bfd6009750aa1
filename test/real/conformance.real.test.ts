import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type BehaviourName,
  behaviourNames,
  type ConformanceRound,
  tryConformance,
} from '../../src/probe/diagnose/conformance.ts';
import { Secret } from '../../src/network/secrets/secret.ts';
import { checkOf, runDeps } from '../support/checks.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { startBackend } from './support/backends.ts';
import { type GiteaLogin, giteaUser, startGitea } from './support/gitea.ts';
import { startProcess } from './support/process.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

interface Registry {
  readonly port: number;
  readonly login?: GiteaLogin;
}

/** Cases of the specification's own program, and which of our behaviours a registry must have to pass them. */
const cases: Readonly<Record<string, readonly BehaviourName[]>> = {
  'sha256 blobs/get-missing': ['blob_missing'],
  'sha256 blobs/chunked single/blob-patch-chunked': ['chunk_in_order'],
  // It sends the chunk, asks the upload where it stands, and goes on.
  'sha256 blobs/chunked out-of-order/blob-patch-chunked': [
    'chunk_out_of_order',
    'upload_status',
    'chunk_after_refusal',
  ],
  'sha256 blobs/post cancel/blob-post-cancel': ['upload_cancel'],
  'sha256 blobs/mount missing/blob-mount': ['mount_absent'],
  'sha256 blobs/mount/blob-mount': ['mount'],
  'sha256 blobs/range requests/range 500-1499': ['blob_range'],
  'sha256 blobs/range requests/range 5000-10000': ['blob_range_beyond'],
  'empty/referrers': ['referrers'],
};

/** A registry that never refuses a chunk says nothing of what comes after. */
const notKnown: Readonly<Record<string, readonly BehaviourName[]>> = { 'docker-registry': ['chunk_after_refusal'] };

/** What fails in a case of the program for a reason that is not the behaviour it is held beside; the words are the program's. */
const byTheWay: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  // It answers 416 with the length of the blob and a shorter body; clients read the status.
  'docker-registry': { 'sha256 blobs/range requests/range 5000-10000': /unexpected EOF/ },
  // It says no Range of an upload that is empty (opencontainers/distribution-spec#578), which the program asks after its refused chunk.
  gitea: { 'sha256 blobs/chunked out-of-order/blob-patch-chunked': /missing the 0- prefix: &#34;&#34;/ },
  // Its 201 names no Location, which the program follows after every push: of ranges it tries nothing then.
  'ggcr-registry': {
    'sha256 blobs/chunked single/blob-patch-chunked': /^failed to verify returned location/,
    'sha256 blobs/mount missing/blob-mount': /^failed to verify returned location/,
    'sha256 blobs/range requests/range 500-1499': /^not tried$/,
    'sha256 blobs/range requests/range 5000-10000': /^not tried$/,
  },
};

/** What the program says of each of its cases: `passed`, or why not. */
async function officialAnswers({ port, login }: Registry): Promise<ReadonlyMap<string, string>> {
  const directory = temporaryDirectory('conformance');
  try {
    const env = {
      PATH: process.env['PATH'],
      OCI_REGISTRY: `127.0.0.1:${port}`,
      OCI_TLS: 'disabled',
      OCI_RESULTS_DIR: directory.path,
      // distribution has no sha512, and fails all cases of it.
      OCI_DATA_SHA512: 'false',
      OCI_API_BLOBS_UPLOAD_CANCEL: 'true',
      ...(login && {
        OCI_USERNAME: login.username,
        OCI_PASSWORD: login.password,
        OCI_REPO1: `${login.username}/one`,
        OCI_REPO2: `${login.username}/two`,
      }),
    };
    const program = await startProcess(requireComponent('oci-conformance'), [], { env, cwd: directory.path });
    await program.exited;
    const file = join(directory.path, 'junit.xml');
    if (!existsSync(file)) throw new Error(`no report: ${program.output()}`);
    const report = readFileSync(file, 'utf8');
    return new Map(
      report.split('<testcase ').flatMap((text) => {
        const [, name, status = ''] = /^name="OCI Conformance Test\/([^"]*)"[^>]* status="([^"]*)"/.exec(text) ?? [];
        const why = /<system-out>([^]*?)<\/system-out>/.exec(text)?.[1] ?? '';
        return name === undefined ? [] : [[name, status === 'passed' ? status : `${why} (${status})`] as const];
      }),
    );
  } finally {
    directory.remove();
  }
}

function ourAnswers({ port, login }: Registry): Promise<ConformanceRound> {
  const { signal } = new AbortController();
  const registry = login && {
    repository: `${login.username}/ours`,
    credentials: { kind: 'basic', username: login.username, password: Secret.of(login.password) } as const,
  };
  const check = checkOf(`http://127.0.0.1:${port}`, registry === undefined ? {} : { registry });
  return tryConformance(check, runDeps(), { timeoutMs: 60_000, signal });
}

/** Fails unless both say the same; gives what ours does not know. */
async function unknownBeside(name: string, registry: Registry): Promise<readonly BehaviourName[]> {
  const official = await officialAnswers(registry);
  const { behaviours } = await ourAnswers(registry);
  const rows = Object.entries(cases).map(([one, names]) => ({
    one,
    theirs: official.get(one) ?? 'not tried',
    ours: names.every((behaviour) => behaviours[behaviour].outcome === 'supported'),
    words: names.map((behaviour) => behaviours[behaviour].words),
  }));
  const differing = rows.filter(({ theirs, ours }) => (theirs === 'passed') !== ours);
  const explained = Object.entries(byTheWay[name] ?? {});
  expect(differing.map(({ one, theirs, words }) => ({ one, theirs, words }))).toEqual(
    explained.map(([one, words]) => expect.objectContaining({ one, theirs: expect.stringMatching(words) })),
  );
  // Both answers occur: a program that says the same of everything would prove nothing.
  expect(new Set(rows.map(({ theirs }) => theirs === 'passed')).size).toBe(2);
  return behaviourNames.filter((one) => behaviours[one].outcome === 'not known');
}

describeWithComponents(
  ['oci-conformance', 'docker-registry', 'distribution3', 'ggcr-registry'],
  "diagnose --conformance beside the specification's own program",
  () => {
    test.each(['docker-registry', 'distribution3', 'ggcr-registry'] as const)('%s: the same answers', async (name) => {
      const backend = await startBackend(name);
      try {
        expect(await unknownBeside(name, backend)).toEqual(notKnown[name] ?? []);
      } finally {
        await backend.close();
      }
    });
  },
);

describeWithComponents(['oci-conformance', 'gitea'], 'likewise of Gitea', () => {
  test('gitea: the same answers', async () => {
    const gitea = await startGitea();
    try {
      expect(await unknownBeside('gitea', { port: gitea.port, login: giteaUser })).toEqual([]);
    } finally {
      await gitea.close();
    }
  });
});
