// What a cluster has of one registry: behind ingress-nginx, on its way to NGINX Gateway Fabric, and beside it Traefik and Envoy Gateway.

type Raw = Readonly<Record<string, unknown>>;

const object = (apiVersion: string, kind: string, name: string, rest: Raw, namespace = 'registry'): Raw => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === '' ? {} : { namespace }), ...(rest['metadata'] as object) },
  ...Object.fromEntries(Object.entries(rest).filter(([key]) => key !== 'metadata')),
});

const gatewayApi = 'gateway.networking.k8s.io/v1';
const host = 'git.example.org';
const backendRefs = [{ name: 'gitea-http', port: 3000 }];

export const service = object('v1', 'Service', 'gitea-http', {
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.0.0.20',
    ports: [
      { name: 'http', port: 3000, targetPort: 3000 },
      { name: 'ssh', port: 22, targetPort: 2222 },
    ],
  },
});

export const node = object(
  'v1',
  'Node',
  'worker-1',
  { status: { addresses: [{ type: 'InternalIP', address: '192.0.2.31' }] } },
  '',
);

export const ingressClass = object(
  'networking.k8s.io/v1',
  'IngressClass',
  'nginx',
  { spec: { controller: 'k8s.io/ingress-nginx' } },
  '',
);

/** An Ingress for the host, with these annotations. */
export function ingress(annotations: Readonly<Record<string, string>> = {}, spec: Raw = {}): Raw {
  const backend = { service: { name: 'gitea-http', port: { name: 'http' } } };
  return object('networking.k8s.io/v1', 'Ingress', 'gitea', {
    metadata: { annotations },
    spec: {
      ingressClassName: 'nginx',
      tls: [{ hosts: [host], secretName: 'git-tls' }],
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
      ...spec,
    },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.10' }] } },
  });
}

export const gatewayClass = (controllerName = 'gateway.nginx.org/nginx-gateway-controller'): Raw =>
  object(gatewayApi, 'GatewayClass', 'public', { spec: { controllerName } }, '');

export const gateway = object(
  gatewayApi,
  'Gateway',
  'public',
  {
    spec: {
      gatewayClassName: 'public',
      listeners: [
        {
          name: 'https',
          port: 443,
          protocol: 'HTTPS',
          hostname: '*.example.org',
          tls: { certificateRefs: [{ name: 'wildcard-tls' }] },
          allowedRoutes: { namespaces: { from: 'All' } },
        },
      ],
    },
    status: { addresses: [{ type: 'IPAddress', value: '192.0.2.11' }] },
  },
  'gateways',
);

/** An HTTPRoute to the registry, whose rule has these fields more. */
export function httpRoute(rule: Raw = {}, status: Raw = {}): Raw {
  return object(gatewayApi, 'HTTPRoute', 'gitea', {
    spec: {
      parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }],
      hostnames: [host],
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }], backendRefs, ...rule }],
    },
    status,
  });
}

/** A policy for the Gateway or the HTTPRoute. */
export function policy(
  apiVersion: string,
  kind: string,
  on: 'Gateway' | 'HTTPRoute',
  spec: Raw,
  section?: string,
): Raw {
  const name = on === 'Gateway' ? 'public' : 'gitea';
  const targetRef = { group: 'gateway.networking.k8s.io', kind: on, name, ...(section && { sectionName: section }) };
  const isList = kind !== 'ClientSettingsPolicy';
  return object(
    apiVersion,
    kind,
    `${kind.toLowerCase()}-of-${on.toLowerCase()}`,
    { spec: { ...(isList ? { targetRefs: [targetRef] } : { targetRef }), ...spec } },
    on === 'Gateway' ? 'gateways' : 'registry',
  );
}

export const nginxPolicies = 'gateway.nginx.org/v1alpha1';
export const envoyPolicies = 'gateway.envoyproxy.io/v1alpha1';

export function middleware(name: string, spec: Raw): Raw {
  return object('traefik.io/v1alpha1', 'Middleware', name, { spec });
}

export function ingressRoute(middlewares: readonly Raw[], match = `Host(\`${host}\`) && PathPrefix(\`/v2\`)`): Raw {
  return object('traefik.io/v1alpha1', 'IngressRoute', 'gitea', {
    spec: {
      entryPoints: ['websecure'],
      routes: [{ kind: 'Rule', match, services: [{ name: 'gitea-http', port: 3000 }], middlewares }],
    },
  });
}

/** In the middle of a move from ingress-nginx, set right, to NGINX Gateway Fabric, which is not. */
export function movingCluster(): Raw[] {
  return [
    service,
    node,
    ingressClass,
    ingress({
      'nginx.ingress.kubernetes.io/proxy-body-size': '0',
      'nginx.ingress.kubernetes.io/proxy-read-timeout': '900',
      'nginx.ingress.kubernetes.io/proxy-request-buffering': 'off',
    }),
    gatewayClass(),
    gateway,
    httpRoute(),
    policy(nginxPolicies, 'ClientSettingsPolicy', 'Gateway', { body: { maxSize: '50m' } }),
  ];
}
