import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { webConfigReader } from '../../src/config/web-config.ts';
import { createCertificates } from '../support/certificates.ts';
import type { Listening } from '../../src/server/listen.ts';
import { buildServer } from '../../src/server/server.ts';
import { startServer } from '../../src/server/start.ts';
import { answerOf } from '../support/rendered.ts';
import { serverDeps } from '../support/server-fixtures.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { freePort, type RunningProcess, startProcess, waitFor } from './support/process.ts';
import { temporaryDirectory, type TemporaryDirectory } from './support/temporary-directory.ts';

interface Target {
  readonly scrapePool: string;
  readonly health: string;
  readonly lastError: string;
}

describeWithComponents(['prometheus'], 'Prometheus scrapes over TLS', () => {
  let directory: TemporaryDirectory;
  let prometheus: RunningProcess;
  let api: string;
  const open: Listening[] = [];

  async function serve(name: string): Promise<string> {
    const file = join(directory.path, `${name}.yml`);
    writeFileSync(
      file,
      [
        'tls_server_config:',
        '  { cert_file: server.crt, key_file: server.key, client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert }',
        'http_server_config: { http2: true }',
        `basic_auth_users: { prometheus: "${hashSync('secret', 4)}" }`,
      ].join('\n'),
    );
    const deps = serverDeps({
      webConfig: webConfigReader(file),
      renderMetrics: async () => answerOf('scraped 1\n# EOF\n'),
    });
    const app = buildServer(deps);
    const listening = await startServer(app, [{ host: '127.0.0.1', port: 0 }], deps);
    open.push(listening);
    return `127.0.0.1:${listening.addresses[0]!.port}`;
  }

  const targets = async (): Promise<readonly Target[]> => {
    const answer = await fetch(`${api}/targets`, { signal: AbortSignal.timeout(30_000) });
    return ((await answer.json()) as { data: { activeTargets: Target[] } }).data.activeTargets;
  };

  beforeAll(async () => {
    directory = temporaryDirectory('web-tls');
    const { ca, valid } = createCertificates();
    const scraper = ca.issue({ names: ['prometheus'], usage: 'client' });
    const files = { 'ca.crt': ca.cert, 'server.crt': valid.cert, 'server.key': valid.key };
    for (const [name, text] of Object.entries({ ...files, 'scraper.crt': scraper.cert, 'scraper.key': scraper.key }))
      writeFileSync(join(directory.path, name), text);
    const job = (name: string, target: string, login: object): object => ({
      job_name: name,
      scheme: 'https',
      tls_config: { ca_file: 'ca.crt', cert_file: 'scraper.crt', key_file: 'scraper.key' },
      ...login,
      static_configs: [{ targets: [target] }],
    });
    const login = { basic_auth: { username: 'prometheus', password: 'secret' } };
    const configuration = {
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [job('scraper', await serve('scraper'), login), job('stranger', await serve('stranger'), {})],
    };
    writeFileSync(join(directory.path, 'prometheus.yml'), JSON.stringify(configuration));
    const port = await freePort();
    api = `http://127.0.0.1:${port}/api/v1`;
    prometheus = await startProcess(requireComponent('prometheus'), [
      `--config.file=${join(directory.path, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory.path, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    await waitFor(
      'a scrape of each target',
      async () => {
        const all = await targets().catch(() => []);
        return all.length === 2 && all.every(({ health }) => health !== 'unknown');
      },
      { timeoutMs: 30_000, everyMs: 200, details: prometheus.output },
    );
  }, 60_000);

  afterAll(async () => {
    await prometheus?.stop();
    await Promise.all(open.map((one) => one.close(0)));
    directory?.remove();
  });

  test('with a client certificate and a password', async () => {
    const health = async (): Promise<string[]> =>
      (await targets()).map((one) => `${one.scrapePool} ${one.health} ${one.lastError}`).toSorted();
    // A scrape of a busy machine may come too late for its time limit; the next one does not.
    await expect
      .poll(health, { timeout: 60_000 })
      .toEqual(['scraper up ', 'stranger down server returned HTTP status 401 Unauthorized']);
  });
});
