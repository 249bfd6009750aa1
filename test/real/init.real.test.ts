import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { describeWithComponents } from '../support/component.ts';
import { builtProgram, startProgram } from '../support/program.ts';
import { startRegistry } from './support/docker-registry.ts';
import { waitFor } from './support/process.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';
import { Opened } from '../support/servers.ts';

const main = builtProgram();
const opened = new Opened();
afterEach(() => opened.closeAll());

describeWithComponents(['docker-registry', 'skopeo'], 'blobprobe init before docker-registry', () => {
  test('finds client and login, writes what --config.check takes, and leaves no blob behind', async () => {
    const registry = opened.own(await startRegistry({ users: { probe: 'right' } }));
    const directory = temporaryDirectory('init');
    opened.own({ close: () => directory.remove() });
    const file = join(directory.path, 'config.yaml');
    const docker = join(directory.path, 'docker.json');
    const auth = Buffer.from('probe:right').toString('base64');
    writeFileSync(docker, JSON.stringify({ auths: { [`127.0.0.1:${registry.port}`]: { auth } } }));
    const args = ['init', `127.0.0.1:${registry.port}/team/probe`, `--output=${file}`, `--docker-config=${docker}`];
    const { code, stderr } = await startProgram(main, args, { HOME: directory.path }).ended;
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/skopeo pushed 64 KiB in /) });
    const answered = (method: string, status: number): number =>
      registry.requests().filter((request) => request.method === method && request.status === status).length;
    const isAllDeleted = (): boolean => answered('DELETE', 202) >= Math.max(1, answered('PUT', 201));
    await waitFor('a deletion of each blob in the log', isAllDeleted, { timeoutMs: 30_000, details: registry.log });
    expect(answered('DELETE', 202)).toBe(answered('PUT', 201));
    expect(registry.openSessions('team/probe')).toEqual([]);

    const check = await startProgram(main, [`--config.file=${file}`, '--config.check']).ended;
    expect(check).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('is valid') });

    const before = readFileSync(file, 'utf8');
    expect((await startProgram(main, args, { HOME: directory.path }).ended).code).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(existsSync(`${file}.password`)).toBe(false);
  }, 60_000);
});
