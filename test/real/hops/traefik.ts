import { join } from 'node:path';
import type { HopProgram } from './hop.ts';

const readyPath = '/ready';

/**
 * With `readTimeout=0`, without which Traefik 3 cuts each upload of more than a minute. Places: `entryPoint` and `arguments` are
 * flags, one a line; `middleware`, `transport`, `service` and `router` are JSON objects of the dynamic configuration.
 */
export const traefik: HopProgram = {
  components: ['traefik'],
  // It reads its routes after it listens.
  readyPath,
  places: ['entryPoint', 'arguments', 'middleware', 'transport', 'service', 'router'],
  files: ({ upstreamPort, tls, http2, more, buffers = false }) => {
    const middleware = more['middleware'] ?? (buffers ? '{"buffering":{"memRequestBodyBytes":1048576}}' : undefined);
    const transport = parsed(more['transport']);
    return {
      // JSON is YAML.
      'routes.yml': JSON.stringify({
        http: {
          routers: {
            ready: { rule: `Path(\`${readyPath}\`)`, service: 'ping@internal', ...(tls && { tls: {} }) },
            registry: {
              rule: 'PathPrefix(`/v2/`)',
              service: 'registry',
              ...(tls && { tls: {} }),
              ...(middleware !== undefined && { middlewares: ['one'] }),
              ...parsed(more['router']),
            },
          },
          ...(middleware !== undefined && { middlewares: { one: JSON.parse(middleware) as object } }),
          services: {
            registry: {
              loadBalancer: {
                servers: [{ url: `http://127.0.0.1:${upstreamPort}` }],
                ...(transport && { serversTransport: 'own' }),
                ...parsed(more['service']),
              },
            },
          },
          ...(transport && { serversTransports: { own: transport } }),
        },
        ...(tls && {
          tls: {
            options: { default: { alpnProtocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'] } },
            stores: { default: { defaultCertificate: { certFile: tls.certFile, keyFile: tls.keyFile } } },
          },
        }),
      }),
    };
  },
  starts: ({ directory, port, more }) => [
    {
      component: 'traefik',
      args: [
        `--entryPoints.web.address=127.0.0.1:${port}`,
        ...(more['entryPoint'] ?? 'transport.respondingTimeouts.readTimeout=0')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => `--entryPoints.web.${line}`),
        `--providers.file.filename=${join(directory, 'routes.yml')}`,
        '--ping.manualRouting=true',
        '--log.level=ERROR',
        '--global.checkNewVersion=false',
        '--global.sendAnonymousUsage=false',
        ...(more['arguments'] ?? '').split('\n').filter((line) => line !== ''),
      ],
    },
  ],
};

function parsed(text: string | undefined): object | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as object);
}
