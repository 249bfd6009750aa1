import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { webConfigReader } from '../../src/config/web-config.ts';
import { createCertificates } from '../../src/demo/certificates.ts';
import type { Listening } from '../../src/server/listen.ts';
import { buildServer } from '../../src/server/server.ts';
import { startServer } from '../../src/server/start.ts';
import { answerOf } from '../publish/rendered.ts';
import { serverDeps } from '../server/server-fixtures.ts';
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
  const versionsSeen = new Map<string, Set<string>>();

  /** A server with this web configuration; `name` is where the versions of HTTP that it was asked in are counted. */
  async function serve(name: string, http2: boolean): Promise<string> {
    const file = join(directory.path, `${name}.yml`);
    writeFileSync(
      file,
      [
        'tls_server_config:',
        '  { cert_file: server.crt, key_file: server.key, client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert }',
        `http_server_config: { http2: ${http2} }`,
        `basic_auth_users: { prometheus: "${hashSync('secret', 4)}" }`,
      ].join('\n'),
    );
    const deps = serverDeps({
      webConfig: webConfigReader(file),
      renderMetrics: async () => answerOf('scraped 1\n# EOF\n'),
    });
    const app = buildServer(deps);
    const versions = new Set<string>();
    versionsSeen.set(name, versions);
    app.addHook('onRequest', async (request) => void versions.add(request.raw.httpVersion));
    const listening = await startServer(app, [{ host: '127.0.0.1', port: 0 }], deps);
    open.push(listening);
    return `127.0.0.1:${listening.addresses[0]!.port}`;
  }

  const targets = async (): Promise<readonly Target[]> => {
    const answer = await fetch(`${api}/targets`, { signal: AbortSignal.timeout(5_000) });
    return ((await answer.json()) as { data: { activeTargets: Target[] } }).data.activeTargets;
  };

  beforeAll(async () => {
    directory = temporaryDirectory('web-tls');
    const { ca, valid } = createCertificates();
    const scraper = ca.issue({ names: ['prometheus'], usage: 'client' });
    const files = { 'ca.crt': ca.cert, 'server.crt': valid.cert, 'server.key': valid.key };
    for (const [name, text] of Object.entries({ ...files, 'scraper.crt': scraper.cert, 'scraper.key': scraper.key })) {
      writeFileSync(join(directory.path, name), text);
    }
    const job = (name: string, target: string, login: object): object => ({
      job_name: name,
      scheme: 'https',
      tls_config: { ca_file: 'ca.crt', cert_file: 'scraper.crt', key_file: 'scraper.key' },
      ...login,
      static_configs: [{ targets: [target] }],
    });
    const login = { basic_auth: { username: 'prometheus', password: 'secret' } };
    const configuration = {
      global: { scrape_interval: '300ms', scrape_timeout: '300ms' },
      scrape_configs: [
        job('http2', await serve('http2', true), login),
        job('http1', await serve('http1', false), login),
        job('stranger', await serve('stranger', true), {}),
      ],
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
        return all.length === 3 && all.every(({ health }) => health !== 'unknown');
      },
      { timeoutMs: 30_000, everyMs: 200, details: prometheus.output },
    );
  }, 60_000);

  afterAll(async () => {
    await prometheus?.stop();
    await Promise.all(open.map((one) => one.close(0)));
    directory?.remove();
  });

  test('with a client certificate and a password, over HTTP/2, or HTTP/1.1 where HTTP/2 is switched off', async () => {
    const health = (await targets()).map((one) => `${one.scrapePool} ${one.health} ${one.lastError}`);
    expect(health.toSorted()).toEqual([
      'http1 up ',
      'http2 up ',
      'stranger down server returned HTTP status 401 Unauthorized',
    ]);
    expect([...versionsSeen.get('http2')!]).toEqual(['2.0']);
    expect([...versionsSeen.get('http1')!]).toEqual(['1.1']);
  });
});
