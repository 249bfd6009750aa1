import { join } from 'node:path';
import type { HopPlan, HopProgram } from './hop.ts';

const api = 'type.googleapis.com/envoy.extensions';

/**
 * With the route's time limit off, as Envoy's documentation asks for where bodies are long. Places are JSON: `manager` (fields of the
 * HTTP connection manager), `route`, `cluster`, `match` (objects that are merged), `filters` (a list, before the router), `host` (fields
 * of the virtual host), `bootstrap` (fields of the whole file), `listener`.
 */
export const envoy: HopProgram = {
  components: ['envoy'],
  places: ['manager', 'route', 'cluster', 'match', 'filters', 'host', 'bootstrap', 'listener'],
  files: (plan) => ({ 'envoy.yaml': JSON.stringify(bootstrapOf(plan), undefined, 1) }),
  starts: ({ directory }) => [
    {
      component: 'envoy',
      args: ['-c', join(directory, 'envoy.yaml'), '--concurrency', '1', '--use-dynamic-base-id', '-l', 'error'],
    },
  ],
};

/** A filter by its short name and configuration, for `filters`. */
export function envoyFilter(name: string, settings: object): object {
  const type = name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
  return { name, typed_config: { '@type': `${api}.filters.http.${name}.v3.${type}`, ...settings } };
}

/** Collects a body, up to a size far above those that are tried here. */
const collects = envoyFilter('buffer', { max_request_bytes: 256 * 1024 * 1024 });

function address(port: number): object {
  return { address: { socket_address: { address: '127.0.0.1', port_value: port } } };
}

function bootstrapOf({ port, upstreamPort, tls, http2, more, buffers = false }: HopPlan): object {
  const filters = more['filters'] === undefined ? [] : (JSON.parse(more['filters']) as object[]);
  return {
    static_resources: {
      listeners: [
        {
          ...address(port),
          ...parsed(more['listener']),
          filter_chains: [
            {
              ...(tls && { transport_socket: secured(tls.certFile, tls.keyFile, http2) }),
              filters: [
                {
                  name: 'manager',
                  typed_config: managerOf(more, [...(buffers ? [collects] : []), ...filters]),
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        {
          name: 'registry',
          type: 'STATIC',
          connect_timeout: '5s',
          load_assignment: {
            cluster_name: 'registry',
            endpoints: [{ lb_endpoints: [{ endpoint: address(upstreamPort) }] }],
          },
          ...parsed(more['cluster']),
        },
      ],
    },
    ...parsed(more['bootstrap']),
  };
}

function managerOf(more: HopPlan['more'], filters: readonly object[]): object {
  const route = { cluster: 'registry', timeout: '0s', ...parsed(more['route']) };
  const routes = [{ match: { prefix: '/', ...parsed(more['match']) }, route }];
  return {
    '@type': `${api}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'x',
    route_config: { virtual_hosts: [{ name: 'registry', domains: ['*'], routes, ...parsed(more['host']) }] },
    http_filters: [...filters, envoyFilter('router', {})],
    ...parsed(more['manager']),
  };
}

function secured(certFile: string, keyFile: string, http2: boolean): object {
  return {
    name: 'tls',
    typed_config: {
      '@type': `${api}.transport_sockets.tls.v3.DownstreamTlsContext`,
      common_tls_context: {
        alpn_protocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
        tls_certificates: [{ certificate_chain: { filename: certFile }, private_key: { filename: keyFile } }],
      },
    },
  };
}

function parsed(text: string | undefined): object | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as object);
}
