import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { builtProgram, startProgram } from '../support/program.ts';
import { Opened } from '../support/servers.ts';
import { startHop } from './hops/hop.ts';
import { type ImageLayout, writeImageLayout } from './support/layer-source.ts';
import { type RunningRegistry, startRegistry } from './support/docker-registry.ts';
import { startProcess } from './support/process.ts';
import { type TemporaryDirectory, temporaryDirectory } from './support/temporary-directory.ts';

const main = builtProgram();
const opened = new Opened();
afterEach(() => opened.closeAll());

/** Compressed sizes: random bytes stay what they are. */
const layerBytes = [300_000, 2_500_000];
const login = 'probe:right';

interface Layer {
  readonly storedBytes: number;
  /** Of what lies there uncompressed. */
  readonly gzipBytes?: number;
}
interface Told {
  readonly images: readonly { readonly name: string; readonly layers: readonly Layer[] }[];
}

const copy = '"$0" --insecure-policy copy oci:layout:latest';
/** Into storage, from there by its name. */
const pulled = (program: string): string =>
  `id=$(${program} pull --quiet oci:layout:latest) && ${program} tag $id team/app:1.2`;

/** What becomes of the layout, as shell words; the result is at `out`, and skopeo finds it there by the last word. */
const ways = {
  'skopeo, docker-archive': ['skopeo', `${copy} docker-archive:out:team/app:1.2`, 'docker-archive:out'],
  'skopeo, OCI archive': ['skopeo', `${copy} oci-archive:out:1.2`, 'oci-archive:out'],
  'skopeo, OCI layout': ['skopeo', `${copy} oci:out:1.2`, 'oci:out:1.2'],
  'podman save': ['podman', `${pulled('podman')} && podman save --output out team/app:1.2`, 'docker-archive:out'],
  'podman save, OCI archive': [
    'podman',
    `${pulled('podman')} && podman save --format oci-archive --output out $id`,
    'oci-archive:out',
  ],
  'podman save, OCI folder': [
    'podman',
    `${pulled('podman')} && podman save --format oci-dir --output out $id`,
    'oci:out',
  ],
  'buildah push': [
    'buildah',
    `${pulled('buildah')} && buildah push $id docker-archive:out:team/app:1.2`,
    'docker-archive:out',
  ],
} as const;

const skopeoOptions = '--insecure-policy';
const toRegistry = `--dest-tls-verify=false --dest-creds ${login}`;

/** What they keep under /run and /var/lib goes with a namespace of its own. */
function isolated(program: string, script: string): string {
  const options =
    program === 'podman'
      ? '--storage-driver vfs --cgroup-manager cgroupfs --events-backend none'
      : '--storage-driver vfs';
  const named = script.replaceAll(new RegExp(`\\b${program} (?=[a-z])`, 'g'), `"$0" ${options} `);
  return `mount -t tmpfs none /run && mount -t tmpfs none /var/lib && ${named}`;
}

describeWithComponents(
  ['docker-registry', 'nginx', 'skopeo', 'podman', 'buildah'],
  'advise on what real programs save',
  () => {
    let directory: TemporaryDirectory;
    let image: ImageLayout;
    let registry: RunningRegistry;
    beforeAll(async () => {
      directory = temporaryDirectory('advise');
      image = writeImageLayout(join(directory.path, 'layout'), layerBytes);
      registry = await startRegistry({ users: { probe: 'right' } });
    });
    afterAll(async () => {
      await registry.close();
      directory.remove();
    });

    const run = async (args: readonly string[]) => {
      const { code, stdout, stderr } = await startProgram(main, ['advise', ...args], { HOME: directory.path }).ended;
      return { code, stdout, stderr };
    };

    async function shell(program: 'skopeo' | 'podman' | 'buildah', script: string): Promise<void> {
      const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: directory.path, TMPDIR: directory.path };
      const words =
        program === 'skopeo'
          ? (['/bin/sh', '-c', script] as const)
          : ([
              requireComponent('unshare'),
              '--mount',
              '--propagation',
              'private',
              '/bin/sh',
              '-c',
              isolated(program, script),
            ] as const);
      const [command, ...args] = words;
      const child = await startProcess(command, [...args, requireComponent(program)], { cwd: directory.path, env });
      if ((await child.exited) !== 0) throw new Error(child.output());
    }

    /** Sizes as they lie there, and as they would be pushed packed. */
    async function sizesIn(out: string): Promise<readonly (readonly [storedBytes: number, gzipBytes: number])[]> {
      // Nobody listens there: what is known of the path is not what this is about.
      const { code, stdout } = await run([out, '--url=http://127.0.0.1:1', '--search', '--json']);
      expect(code).toBe(4);
      const { images } = JSON.parse(stdout) as Told;
      expect(images).toHaveLength(1);
      return images[0]!.layers.map(({ storedBytes, gzipBytes = storedBytes }) => [storedBytes, gzipBytes]);
    }

    test.each(Object.entries(ways))(
      '%s: every layer, as it lies there, and as it is pushed',
      async (_name, way) => {
        const [program, script, from] = way;
        const out = join(directory.path, 'out');
        await shell(program, `rm -rf out && ${script}`);
        const sizes = await sizesIn(out);
        await shell(
          'skopeo',
          `"$0" ${skopeoOptions} copy ${toRegistry} ${from} docker://127.0.0.1:${registry.port}/team/saved:1`,
        );
        const answer = await fetch(`${registry.origin}/v2/team/saved/manifests/1`, {
          headers: {
            authorization: `Basic ${Buffer.from(login).toString('base64')}`,
            accept: 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json',
          },
        });
        const { layers } = (await answer.json()) as { layers: { size: number }[] };
        const ratios = sizes.map(([storedBytes, gzipBytes], at) => [
          storedBytes / image.layers[at]!.size,
          gzipBytes / layers[at]!.size,
        ]);
        expect(ratios).toHaveLength(layerBytes.length);
        // A tar has its blocks; two programs pack random bytes alike to the hundredth.
        for (const ratio of ratios.flat()) expect(Math.abs(ratio - 1)).toBeLessThan(0.01);
      },
      60_000,
    );

    test('what dies at nginx, and gets through directly, is what skopeo meets, too', async () => {
      const docker = join(directory.path, 'docker.json');
      const hop = opened.own(
        await startHop('nginx', { upstreamPort: registry.port, more: { location: 'client_max_body_size 1m;' } }),
      );
      const auth = Buffer.from(login).toString('base64');
      const auths = Object.fromEntries([registry.port, hop.port].map((port) => [`127.0.0.1:${port}`, { auth }]));
      writeFileSync(docker, JSON.stringify({ auths }));
      const skopeo = (port: number): string =>
        `"$0" ${skopeoOptions} copy ${toRegistry} oci:layout:latest docker://127.0.0.1:${port}/team/app:1.2`;
      await shell('skopeo', skopeo(registry.port));
      await expect(shell('skopeo', skopeo(hop.port).replace('app:1.2', 'other:1.2'))).rejects.toThrow(/413/);

      const reference = `127.0.0.1:${registry.port}/team/app:1.2`;
      const common = [reference, '--search', '--client=skopeo', `--docker-config=${docker}`];
      const direct = await run([...common, `--url=${registry.origin}/team/probe`]);
      expect(direct).toMatchObject({ code: 0, stdout: expect.stringMatching(/\(2 layers, [^)]*\)\n.* gets through/) });
      const over = await run([...common, `--url=${hop.origin}/team/probe`]);
      expect(over.stdout).toMatch(/as skopeo: dies at layer 2 .*\n(?: .*\n)* {4}way out: .*client_max_body_size/);
      expect(over.code).toBe(1);
      // Nothing of the search stays, in the registry or under way.
      expect(registry.openSessions('team/probe')).toEqual([]);
    }, 120_000);
  },
);
