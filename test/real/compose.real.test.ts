import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bindMounts, readCompose } from '../packaging/compose-file.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { builtProgram } from '../support/program.ts';
import { startWithEtc } from './support/private-etc.ts';
import { startProcess, waitFor, type RunningProcess } from './support/process.ts';
import { temporaryDirectory, type TemporaryDirectory } from './support/temporary-directory.ts';

const main = builtProgram();
const stack = readCompose('compose.yaml');

/** An address of its own: the ports are those of the files, and others may have them on 127.0.0.1. */
const address = `127.${1 + (process.pid % 200)}.${Math.floor(process.pid / 200) % 250}.19`;

/** The service's command, with paths and addresses of this machine for those of the container. */
function commandOf(service: string, replaced: Readonly<Record<string, string>>): string[] {
  const command = stack.services[service]!.command ?? [];
  for (const flag of Object.keys(replaced)) expect(command.some((one) => one.startsWith(`${flag}=`))).toBe(true);
  return command.map((one) => {
    const [flag = ''] = one.split('=');
    return flag in replaced ? `${flag}=${replaced[flag]}` : one;
  });
}

interface Target {
  readonly health: string;
  readonly labels: { readonly job: string };
  readonly lastError: string;
}

describeWithComponents(
  ['prometheus', 'prometheus-alertmanager', 'unshare'],
  'the compose stack, run from its own files by programs of Debian',
  () => {
    const running: RunningProcess[] = [];
    let data: TemporaryDirectory;

    const start = async (service: string, program: string, extra: string, replaced: Record<string, string>) => {
      const etc = {
        hosts: Object.fromEntries(Object.keys(stack.services).map((name) => [name, address])),
        mounts: bindMounts(stack.services[service]!),
      };
      running.push(await startWithEtc(etc, [program, ...commandOf(service, replaced), extra]));
    };
    const output = (): string => running.map((one) => one.output()).join('\n');
    const get = async <T>(port: number, path: string): Promise<T | undefined> => {
      const url = `http://${address}:${port}${path}`;
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
      return response?.ok === true ? ((await response.json()) as T) : undefined;
    };

    beforeAll(async () => {
      data = temporaryDirectory('compose');
      const command = stack.services['blobprobe']!.command!;
      const listen = `--web.listen-address=${address}:10719`;
      running.push(await startProcess(process.execPath, [main, ...command, listen]));
      await start('alertmanager', requireComponent('prometheus-alertmanager'), `--web.listen-address=${address}:9093`, {
        '--storage.path': `${data.path}/alertmanager`,
      });
      await start('prometheus', requireComponent('prometheus'), `--web.listen-address=${address}:9090`, {
        '--storage.tsdb.path': `${data.path}/prometheus`,
      });
    });

    afterAll(async () => {
      await Promise.all(running.map((one) => one.stop()));
      data?.remove();
    });

    test('Prometheus scrapes blobprobe', async () => {
      const targets = await waitFor(
        'a target that is up',
        async () => {
          const answer = await get<{ data: { activeTargets: Target[] } }>(9090, '/api/v1/targets');
          return answer?.data.activeTargets.some(({ health }) => health === 'up') && answer.data.activeTargets;
        },
        { timeoutMs: 60_000, everyMs: 500, details: output },
      );
      expect(targets).toMatchObject([{ health: 'up', labels: { job: 'blobprobe' }, lastError: '' }]);
    });

    test('Prometheus evaluates all rules, and none fails', async () => {
      interface Rules {
        readonly data: {
          readonly groups: {
            readonly name: string;
            readonly rules: { readonly health: string; readonly lastError?: string }[];
          }[];
        };
      }
      const groups = await waitFor(
        'all rules evaluated',
        async () => {
          const groups = (await get<Rules>(9090, '/api/v1/rules'))?.data.groups;
          return groups?.every(({ rules }) => rules.every(({ health }) => health !== 'unknown')) && groups;
        },
        { timeoutMs: 60_000, everyMs: 500, details: output },
      );
      expect(groups.length).toBeGreaterThan(5);
      expect(groups.flatMap(({ rules }) => rules).filter(({ health }) => health !== 'ok')).toEqual([]);
    });

    test('what the demonstration breaks is on its way to be an alert', async () => {
      interface Alerts {
        readonly data: { readonly alerts: { readonly state: string; readonly labels: Record<string, string> }[] };
      }
      const alert = await waitFor(
        'an alert',
        async () =>
          (await get<Alerts>(9090, '/api/v1/alerts'))?.data.alerts.find(
            ({ labels }) => labels['alertname'] === 'BlobprobePathFault' && labels['path']?.startsWith('cloudflare'),
          ),
        { timeoutMs: 240_000, everyMs: 1_000, details: output },
      );
      expect(['pending', 'firing']).toContain(alert.state);
      expect(alert.labels).toMatchObject({ job: 'blobprobe', severity: 'critical' });
    }, 300_000);

    test('Prometheus has found Alertmanager, which has the routes of the file', async () => {
      interface Managers {
        readonly data: { readonly activeAlertmanagers: { readonly url: string }[] };
      }
      const managers = await get<Managers>(9090, '/api/v1/alertmanagers');
      expect(managers?.data.activeAlertmanagers).toEqual([{ url: 'http://alertmanager:9093/api/v2/alerts' }]);
      const status = await get<{ config: { original: string } }>(9093, '/api/v2/status');
      expect(status?.config.original).toContain('receiver: page');
    });

    test('exemplars are kept, and name runs that blobprobe still knows', async () => {
      interface Exemplars {
        readonly data: {
          readonly exemplars: { readonly labels: { readonly run_id?: string }; readonly timestamp: number }[];
        }[];
      }
      const query = new URLSearchParams({
        query: 'blobprobe_run_duration_seconds_bucket',
        start: String(Date.now() / 1_000 - 600),
        end: String(Date.now() / 1_000 + 60),
      });
      const series = await get<Exemplars>(9090, `/api/v1/query_exemplars?${query.toString()}`);
      // Of the newest: what is older may have made way for others.
      const newest = (series?.data ?? [])
        .flatMap(({ exemplars }) => exemplars)
        .toSorted((one, other) => other.timestamp - one.timestamp)[0];
      expect(newest).toBeDefined();
      const run = await fetch(`http://${address}:10719/runs/${newest?.labels.run_id}`);
      expect(run.status).toBe(200);
    });
  },
);

describeWithComponents(['nginx', 'unshare'], 'the nginx of the variant with Gitea', () => {
  test('takes its configuration', async () => {
    const directory = temporaryDirectory('edge');
    const edge = readCompose('deploy/compose/gitea.yaml').services['edge']!;
    const [{ target } = { target: '' }] = bindMounts(edge);
    const file = join(directory.path, 'nginx.conf');
    // As the image's own nginx.conf includes it.
    writeFileSync(
      file,
      `user root root; pid ${directory.path}/pid; error_log stderr;\nevents {}\nhttp { access_log off; include ${target}; }\n`,
    );
    const etc = { hosts: { gitea: '127.0.0.1' }, mounts: bindMounts(edge) };
    const program = await startWithEtc(etc, [requireComponent('nginx'), '-t', '-c', file]);
    const code = await program.exited;
    directory.remove();
    expect(program.output()).toContain('test is successful');
    expect(code).toBe(0);
  });
});
