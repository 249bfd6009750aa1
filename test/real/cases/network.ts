import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { requireComponent } from '../../support/component.ts';
import { redirectingTo, startFront, startStore } from '../support/backends.ts';
import type { CertificateFiles } from '../support/certificates.ts';
import { freePort } from '../support/process.ts';
import { startRelay } from '../support/relay.ts';
import { type Case, pathsOf, type Stage } from './case.ts';
import { startResolver } from './resolver.ts';
import { folderWith } from './routes.ts';

const renew = /renew/i;

/** The client's own network behaviour: redirects, ports, proxies, addresses, names, HTTP/2. */
const behaviours: readonly Case[] = [
  {
    name: 'the Location has :443, which the rule of HAProxy does not know',
    source: 'distribution/distribution#2177, docker/hub-feedback#1956',
    expected: { right: /port|:443/, hops: ['ingress', 'registry_app'] },
    setUp: async (stage) => {
      const registry = await stage.registry({ http: { host: 'https://registry.example.test:443' } });
      const front = await stage.hop('haproxy', {
        upstreamPort: registry.port,
        tls: stage.tls,
        more: { frontend: 'use_backend back if { hdr(host) registry.example.test }' },
      });
      const [url, connectTo] = ['https://registry.example.test', `127.0.0.1:${front.port}`];
      const { direct } = pathsOf(stage, front, registry.port);
      return {
        size: '2MB',
        paths: {
          public: { url, connectTo, kind: 'ingress', tls: { caFile: stage.tls.caFile } },
          direct: { ...direct, allowHosts: ['registry.example.test'] },
        },
      };
    },
  },
  {
    name: 'the Location has :443, which the rule of Apache does not know',
    source: 'distribution/distribution#2177',
    expected: { right: /port|:443/, hops: ['ingress', 'registry_app'] },
    setUp: async (stage) => {
      const registry = await stage.registry({ http: { host: 'https://registry.example.test:443' } });
      const front = await stage.hop('apache', {
        upstreamPort: registry.port,
        tls: stage.tls,
        more: {
          host: 'RewriteEngine on\nRewriteCond %{HTTP_HOST} !^registry\\.example\\.test$\nRewriteRule ^ - [R=404,L]',
        },
      });
      const [url, connectTo] = ['https://registry.example.test', `127.0.0.1:${front.port}`];
      return {
        size: '2MB',
        client: 'docker-containerd',
        paths: { public: { url, connectTo, kind: 'ingress', tls: { caFile: stage.tls.caFile } } },
      };
    },
  },
  ...(['docker', 'docker-containerd', 'crane'] as const).map(
    (client): Case => ({
      name: `reads are redirected to a store that answers, as ${client}`,
      source: 'distribution/distribution#2313, goharbor/harbor#23050',
      expected: 'healthy',
      setUp: async (stage) => {
        const registry = await stage.registry();
        const store = await stage.keep(startStore(registry.port));
        const after = redirectingTo(`http://127.0.0.1:${store.port}`);
        const front = await stage.keep(startFront({ upstreamPort: registry.port, after }));
        const origin = `http://127.0.0.1:${front.port}`;
        return { size: '2MB', client, paths: pathsOf(stage, { origin }, registry.port) };
      },
    }),
  ),
  ...(['http://minio.invalid:9000', 'refused'] as const).map(
    (store): Case => ({
      name: `reads are redirected to a store that clients do not reach: ${store}`,
      source: 'distribution/distribution#2313 #1300 #1073, goharbor/harbor#23050',
      expected: { right: /redirect/, hops: ['registry_storage', 'registry_app'], never: /uploads are redirected/ },
      setUp: async (stage) => {
        const registry = await stage.registry();
        const origin = store === 'refused' ? `http://127.0.0.1:${await freePort()}` : store;
        const front = await stage.keep(startFront({ upstreamPort: registry.port, after: redirectingTo(origin) }));
        return { size: '1MB', paths: pathsOf(stage, { origin: `http://127.0.0.1:${front.port}` }, registry.port) };
      },
    }),
  ),
  {
    name: 'https is spoken to a port of plain http',
    source: 'distribution/distribution#2177, comment of 2017-02',
    expected: { right: /plain|http:\/\//i, hops: ['ingress', 'client_network', 'prober', 'edge'], never: renew },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const origin = `https://127.0.0.1:${registry.port}`;
      return { size: '1MB', paths: pathsOf(stage, { origin }, registry.port) };
    },
  },
  {
    name: 'https is spoken to a listener of HAProxy without TLS',
    source: 'distribution/distribution#2177, comment of 2017-02',
    expected: { right: /plain|http:\/\//i, hops: ['ingress', 'client_network', 'prober', 'edge'], never: renew },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const front = await stage.hop('haproxy', { upstreamPort: registry.port });
      const origin = front.origin.replace('http:', 'https:');
      return { size: '1MB', paths: pathsOf(stage, { origin }, registry.port) };
    },
  },
  ...(['haproxy', 'envoy'] as const).map(
    (hop): Case => ({
      name: `plain http is spoken to a port of TLS, which is closed without a word: ${hop}`,
      source: 'distribution/distribution#2177: the scheme of the URL',
      expected: { right: /plain_http_to_tls/, hops: ['ingress'], never: /hangs up/ },
      setUp: async (stage) => {
        const registry = await stage.registry();
        const front = await stage.hop(hop, { upstreamPort: registry.port, tls: stage.tls });
        return { size: '1MB', paths: pathsOf(stage, { origin: `http://127.0.0.1:${front.port}` }, registry.port) };
      },
    }),
  ),
  {
    name: 'the certificate has its name as common name alone',
    source: 'golang/go#39568: x509: certificate relies on legacy Common Name field',
    expected: { right: /tls_name_in_cn/, hops: ['ingress'], never: renew },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const tls = await withoutAltName(stage);
      const front = await stage.hop('nginx', { upstreamPort: registry.port, tls });
      const { public: named, direct } = pathsOf({ ...stage, tls }, front, registry.port);
      return { size: '1MB', paths: { public: { ...named, url: `https://localhost:${front.port}` }, direct: direct! } };
    },
  },
  {
    name: 'a client certificate is wanted for uploads alone: Apache',
    source: 'httpd.apache.org mod_ssl, SSLVerifyClient in a LocationMatch: post-handshake authentication',
    expected: { right: /client_certificate_wanted/, hops: ['ingress'], never: /policy_block/ },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const host = '<LocationMatch "/blobs/uploads/">\nSSLVerifyClient require\n</LocationMatch>';
      const front = await stage.hop('apache', { upstreamPort: registry.port, tls: stage.tls, more: { host } });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  {
    name: 'a name takes 4.5 s to resolve',
    source: 'kubernetes/kubernetes#56903: DNS of five seconds',
    expected: { right: /DNS|resol/i, hops: ['dns', 'client_network'] },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const resolver = await startResolver(stage, { delayMs: 4_500 });
      const url = `http://registry.example.test:${registry.port}`;
      return {
        size: '1MB',
        paths: {
          public: { url, kind: 'ingress', dns: [`127.0.0.1:${resolver}`] },
          direct: { url: `http://127.0.0.1:${registry.port}`, kind: 'internal', allowHosts: ['registry.example.test'] },
        },
      };
    },
  },
  {
    name: 'HTTP/2 with a window of 64 KiB over 80 ms: HAProxy, as crane',
    source: 'haproxy/haproxy#293, google/go-containerregistry#1193',
    // On a busy machine less than a window may fit into a round trip.
    expected: {
      right: /wait for each round trip, because the window of the hop that ends it is small/,
      hops: ['ingress'],
    },
    setUp: (stage) => overLongWay(stage, 'crane'),
  },
  {
    name: 'the same way over HTTP/1.1, as docker',
    source: 'haproxy/haproxy#293',
    expected: 'healthy',
    setUp: (stage) => overLongWay(stage, 'docker'),
  },
  ...([4, 9] as const).map(
    (requests): Case => ({
      name: `HTTP/2 ends in good order after ${requests} requests: nginx, keepalive_requests, as crane`,
      source: 'golang/go#18112, curl/curl#11859, cloudflare/cloudflared#1273',
      expected: 'healthy',
      setUp: async (stage) => {
        const registry = await stage.registry();
        const more = { http: `keepalive_requests ${requests};` };
        const front = await stage.hop('nginx', {
          upstreamPort: registry.port,
          tls: stage.tls,
          http2: true,
          buffers: false,
          more,
        });
        return { client: 'crane', size: '4MB', paths: pathsOf(stage, front, registry.port) };
      },
    }),
  ),
  ...(['\n', '\r\n'] as const).map(
    (end): Case => ({
      name: `429 with ${end === '\n' ? 'bare line feeds' : 'lines as they should be'}`,
      source: 'docker/hub-feedback#1907',
      expected: {
        right: /rate|429/i,
        hops: ['edge', 'ingress', 'registry_app', 'unknown', 'client_network'],
        unknown: /429|Too Many Requests/,
      },
      setUp: async (stage) => {
        const port = await startLimiter(stage, end);
        return { size: '1MB', paths: { public: { url: `http://127.0.0.1:${port}`, kind: 'edge' } } };
      },
    }),
  ),
];

/** A certificate for `localhost` as people made them once: no subjectAltName. Its authority is itself. */
async function withoutAltName(stage: Stage): Promise<CertificateFiles> {
  const folder = await folderWith(stage, {});
  const [certFile, keyFile] = [join(folder, 'own.pem'), join(folder, 'own.key')];
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
  const made = `req -x509 ${key} -days 2 -subj /CN=localhost -keyout ${keyFile} -out ${certFile}`;
  execFileSync(requireComponent('openssl'), made.split(' '), { stdio: 'pipe' });
  const pem = (): string => readFileSync(certFile, 'utf8') + readFileSync(keyFile, 'utf8');
  return { caFile: certFile, certFile, keyFile, pem };
}

/** Forward proxies. */
const proxies: readonly Case[] = [
  {
    name: 'the proxy allows CONNECT to 443 only: squid',
    source: 'rpardini/docker-registry-proxy#96 #122 #137, docker-archive/docker-registry#843',
    expected: { right: /proxy/i, hops: ['edge', 'client_network'], never: /nothing_listens/ },
    setUp: async (stage) => {
      const registry = await stage.registry({
        http: { tls: { certificate: stage.tls.certFile, key: stage.tls.keyFile } },
      });
      const port = await forwardProxy(stage, 'acl SSL_ports port 443\nhttp_access deny CONNECT !SSL_ports');
      return throughProxy(stage, registry.port, 'https', port);
    },
  },
  {
    name: 'the proxy wants a login: squid',
    source: 'docker-archive/docker-registry#843',
    expected: {
      right: /407|login|password|credentials|authenticat/i,
      hops: ['edge', 'client_network'],
      never: /nothing_listens/,
    },
    setUp: async (stage) => {
      const registry = await stage.registry({
        http: { tls: { certificate: stage.tls.certFile, key: stage.tls.keyFile } },
      });
      const rules =
        'auth_param basic program /usr/lib/squid/basic_fake_auth\nacl known proxy_auth REQUIRED\nhttp_access deny !known';
      return throughProxy(stage, registry.port, 'https', await forwardProxy(stage, rules));
    },
  },
  {
    name: 'a proxy before a registry without TLS limits bodies: squid',
    source: 'distribution/distribution#2147',
    expected: {
      right: /request_body_max_size|size/,
      hops: ['edge', 'client_network', 'ingress'],
      never: /nothing_listens/,
    },
    setUp: async (stage) => {
      const registry = await stage.registry();
      const port = await forwardProxy(
        stage,
        'acl SSL_ports port 443\nhttp_access deny CONNECT !SSL_ports\nrequest_body_max_size 1 MB',
      );
      return throughProxy(stage, registry.port, 'http', port);
    },
  },
  {
    name: 'a proxy before a registry without TLS that allows CONNECT to 443 only: squid',
    source: 'distribution/distribution#2147: clients send http URLs whole and use no CONNECT',
    expected: 'healthy',
    setUp: async (stage) => {
      const registry = await stage.registry();
      const port = await forwardProxy(stage, 'acl SSL_ports port 443\nhttp_access deny CONNECT !SSL_ports');
      return throughProxy(stage, registry.port, 'http', port);
    },
  },
];

async function forwardProxy(stage: Stage, rules: string): Promise<number> {
  const more = { forward: `acl CONNECT method CONNECT\n${rules}` };
  // Where requests go is what they say.
  return (await stage.hop('squid', { upstreamPort: 9, more })).port;
}

function throughProxy(
  stage: Stage,
  registryPort: number,
  scheme: string,
  proxyPort: number,
): ReturnType<Case['setUp']> {
  const url = `${scheme}://127.0.0.1:${registryPort}`;
  const tls = scheme === 'https' ? { tls: { caFile: stage.tls.caFile } } : {};
  const proxy = { url: `http://127.0.0.1:${proxyPort}` };
  const paths = { public: { url, kind: 'edge', proxy, ...tls }, direct: { url, kind: 'internal', ...tls } };
  return Promise.resolve({ size: '4MB', paths });
}

async function overLongWay(stage: Stage, client: 'crane' | 'docker'): ReturnType<Case['setUp']> {
  const registry = await stage.registry();
  const front = await stage.hop('haproxy', { upstreamPort: registry.port, tls: stage.tls, http2: true });
  const relay = await stage.keep(startRelay(front.port, 40));
  const origin = `https://127.0.0.1:${relay.port}`;
  return { size: '12MB', client, paths: pathsOf(stage, { origin }, registry.port) };
}

/** Docker Hub's limiter against abuse: the same answer to everything. */
async function startLimiter(stage: Stage, end: string): Promise<number> {
  const lines = [
    'HTTP/1.1 429 Too Many Requests',
    'Cache-Control: no-cache',
    'Connection: close',
    'Content-Type: text/plain',
    'Retry-After: 60',
    '',
    '',
  ];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(`${lines.join(end)}Too Many Requests (HAP429).\n`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await stage.keep(Promise.resolve({ close: () => void server.close() }));
  return (server.address() as AddressInfo).port;
}

/** In a network of their own: packets that vanish. */
const vanishing: readonly Case[] = [
  {
    name: 'large packets vanish on the way to the registry',
    source: 'openshift/origin#22599, docker/build-push-action#975',
    hosts: [],
    expected: { right: /full_segments_vanish.*MTU/s, hops: ['client_network', 'edge'] },
    setUp: async (stage) => {
      const [through, beside] = [await stage.registry(), await stage.registry()];
      await dropLarge(stage, `--dport ${through.port}`);
      return { size: '1MB', paths: throughAndBeside(stage, `http://127.0.0.1:${through.port}`, beside.port) };
    },
  },
  {
    name: 'large packets vanish on the way back: the certificate does not arrive',
    source: 'moby/moby#39223 #20178',
    hosts: [],
    expected: { right: /MTU|packets/, hops: ['client_network', 'edge'], never: renew, unknown: /TLS|handshake/i },
    setUp: async (stage) => {
      const tls = { certificate: stage.tls.certFile, key: stage.tls.keyFile };
      const [through, beside] = [await stage.registry({ http: { tls } }), await stage.registry()];
      // The test's certificate is smaller than a public one with its chain: what is dropped is so, too.
      await dropLarge(stage, `--sport ${through.port}`, 500);
      return { size: '1MB', paths: throughAndBeside(stage, `https://127.0.0.1:${through.port}`, beside.port) };
    },
  },
  {
    name: 'a firewall drops every connection, and there is little time',
    source: 'moby/moby#22635: request canceled while waiting for connection',
    hosts: [],
    expected: { right: /no_way_there.*firewalls/s, hops: ['client_network'] },
    setUp: async (stage) => {
      const [through, beside] = [await stage.registry(), await stage.registry()];
      const all = `-A INPUT -i lo -p tcp --syn --dport ${through.port} -j DROP`;
      await stage.network!.run(['iptables', ...all.split(' ')]);
      return { size: '1MB', paths: throughAndBeside(stage, `http://127.0.0.1:${through.port}`, beside.port) };
    },
  },
  {
    name: 'a firewall counts new connections of this host, and refuses some',
    source: 'iptables-extensions(8), hashlimit; fail2ban and DDoS protection',
    hosts: [],
    expected: { right: /connections_limited/, hops: ['edge'], never: /nothing_listens|registry_down/ },
    setUp: async (stage) => {
      const [through, beside] = [await stage.registry(), await stage.registry()];
      const limit =
        '-m hashlimit --hashlimit-name new --hashlimit-mode srcip --hashlimit-above 20/minute --hashlimit-burst 8';
      const all = `-A INPUT -i lo -p tcp --syn --dport ${through.port} ${limit} -j REJECT --reject-with tcp-reset`;
      await stage.network!.run(['iptables', ...all.split(' ')]);
      const url = `http://127.0.0.1:${through.port}`;
      return { size: '1MB', paths: throughAndBeside(stage, url, beside.port) };
    },
  },
  {
    name: 'what nginx asks is behind a firewall that drops: 504 to everything',
    source: 'nginx.org proxy_connect_timeout: 504, as for an answer that is late',
    hosts: [],
    expected: { right: /upstream address/, hops: ['ingress'], never: /proxy_read_timeout/ },
    setUp: async (stage) => {
      const registry = await stage.registry();
      await stage.network!.run(['ip', 'addr', 'add', '10.9.0.7/32', 'dev', 'lo']);
      await stage.network!.run(['iptables', '-A', 'INPUT', '-d', '10.9.0.7', '-p', 'tcp', '-j', 'DROP']);
      const more = { server: 'location /v2/ { proxy_connect_timeout 1s; proxy_pass http://10.9.0.7:5000; }' };
      const front = await stage.hop('nginx', { upstreamPort: registry.port, more });
      return { size: '1MB', paths: pathsOf(stage, front, registry.port) };
    },
  },
  ...(['DROP', 'REJECT --reject-with tcp-reset'] as const).map(
    (fate): Case => ({
      name: `one address of two is dead: ${fate.split(' ')[0]}`,
      source: 'moby/moby#45594 #10614 #10812',
      hosts: [
        ['10.9.0.2', 'registry.two.test'],
        ['10.9.0.3', 'registry.two.test'],
      ],
      // A refused address costs nothing; a silent one costs Go's clients seconds for each connection.
      expected:
        fate === 'DROP'
          ? { right: /address|10\.9\.0\.2/, hops: ['dns', 'client_network', 'edge', 'ingress'] }
          : 'healthy',
      setUp: async (stage) => {
        const { network } = stage;
        for (const address of ['10.9.0.2', '10.9.0.3'])
          await network!.run(['ip', 'addr', 'add', `${address}/32`, 'dev', 'lo']);
        const registry = await stage.registry({ address: '10.9.0.3' });
        const dead = ['-d', '10.9.0.2', '-p', 'tcp', '--dport', String(registry.port), '-j', ...fate.split(' ')];
        await network!.run(['iptables', '-A', 'INPUT', ...dead]);
        const url = `http://registry.two.test:${registry.port}`;
        return { size: '1MB', paths: { public: { url, kind: 'loadbalancer' } } };
      },
    }),
  ),
];

async function dropLarge({ network }: Stage, which: string, bytes = 1_400): Promise<void> {
  await network!.run(['ip', 'link', 'set', 'lo', 'mtu', '1500']);
  // On arrival: of what is dropped on its way out this host's kernel knows that it never went.
  const large = `-A INPUT -i lo -p tcp ${which} -m length --length ${bytes}:65535 -j DROP`;
  await network!.run(['iptables', ...large.split(' ')]);
}

function throughAndBeside(stage: Stage, url: string, besidePort: number): Record<string, object> {
  const tls = url.startsWith('https') ? { tls: { caFile: stage.tls.caFile } } : {};
  return {
    public: { url, kind: 'edge', ...tls },
    direct: { url: `http://127.0.0.1:${besidePort}`, kind: 'internal' },
  };
}

export const networkCases: readonly Case[] = [...behaviours, ...proxies, ...vanishing];
