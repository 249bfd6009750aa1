import { describe, expect, test } from 'vitest';
import { findPaths, parseServiceName, registryService } from '../../src/kubernetes/find-paths.ts';
import type { FoundPath } from '../../src/kubernetes/found-path.ts';
import { clusterOfText } from '../../src/kubernetes/objects.ts';
import * as scene from '../support/cluster-objects.ts';

type Raw = Readonly<Record<string, unknown>>;

function found(objects: readonly Raw[], name = 'registry/gitea-http:http') {
  const cluster = clusterOfText(JSON.stringify({ kind: 'List', items: objects }), 'test');
  return findPaths(cluster, registryService(cluster, parseServiceName(name)!));
}

const changed = (object: Raw, spec: Raw, rest: Raw = {}): Raw => ({
  ...object,
  spec: { ...(object['spec'] as Raw), ...spec },
  ...rest,
});
const annotated = (object: Raw, annotations: Raw): Raw => ({
  ...object,
  metadata: { ...(object['metadata'] as Raw), annotations },
});
const where = ({ path }: FoundPath) => [path.name, path.origin, path.connectTo?.host];
const only = (objects: readonly Raw[], kind: string): FoundPath => {
  const paths = found([scene.service, ...objects]).paths.filter(({ source }) => source.startsWith(`${kind} `));
  expect(paths).toHaveLength(1);
  return paths[0]!;
};
const limitsOf = ({ limits }: FoundPath) =>
  Object.fromEntries(limits.map(({ kind, value, isDefault }) => [kind, isDefault ? `${value} by default` : value]));

const nginx = 'nginx.ingress.kubernetes.io';
const mebi = 1024 ** 2;

test('a cluster in the middle of a move: each way once', () => {
  const { paths, leftOut } = found(scene.movingCluster());
  expect(paths.map(where)).toEqual([
    ['service', 'http://gitea-http.registry.svc:3000', undefined],
    ['ingress-gitea', 'https://git.example.org', '192.0.2.10'],
    ['httproute-gitea', 'https://git.example.org', '192.0.2.11'],
  ]);
  expect(leftOut).toEqual([]);
});

describe('the Service', () => {
  test.each<[string, Raw, unknown[]]>([
    [
      'headless: the name leads to pods, on their port',
      { clusterIP: 'None', ports: [{ name: 'http', port: 80, targetPort: 5000 }] },
      ['service', 'http://gitea-http.registry.svc:5000', undefined],
    ],
    [
      'a port that speaks TLS',
      { ports: [{ name: 'http', port: 8443, appProtocol: 'https' }] },
      ['service', 'https://gitea-http.registry.svc:8443', undefined],
    ],
    [
      'a usual port is not written',
      { ports: [{ name: 'http', port: 80 }] },
      ['service', 'http://gitea-http.registry.svc', undefined],
    ],
  ])('%s', (_name, spec, expected) => {
    expect(found([changed(scene.service, spec)]).paths.map(where)).toEqual([expected]);
  });

  test('a load balancer, with the idle time of its annotation, and IPv6', () => {
    const status = { loadBalancer: { ingress: [{ ip: '2001:db8::1' }, { hostname: 'lb.example.org' }] } };
    const balancer = changed(scene.service, { type: 'LoadBalancer' }, { status });
    const idle = { 'service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout': '4' };
    const { paths } = found([annotated(balancer, idle)]);
    expect(paths.slice(1).map(where)).toEqual([
      ['loadbalancer', 'http://[2001:db8::1]:3000', undefined],
      ['loadbalancer-2', 'http://lb.example.org:3000', undefined],
    ]);
    expect(limitsOf(paths[1]!)).toEqual({ silence: 240_000 });
    expect(found([changed(scene.service, { type: 'LoadBalancer' })]).leftOut).toEqual([
      { source: 'Service registry/gitea-http', why: 'its load balancer has no address yet' },
    ]);
  });

  test('a port of the nodes, when nodes may be read', () => {
    const spec = { type: 'NodePort', ports: [{ name: 'http', port: 3000, nodePort: 30_500 }] };
    expect(
      found([changed(scene.service, spec), scene.node])
        .paths.slice(1)
        .map(where),
    ).toEqual([['nodeport', 'http://192.0.2.31:30500', undefined]]);
    expect(found([changed(scene.service, spec)]).leftOut[0]?.why).toContain('port 30500 of the nodes');
  });

  test.each([
    ['registry/gitea-http', 'Service registry/gitea-http has several ports, name one: 3000 (http), 22 (ssh)'],
    ['registry/gitea-http:https', 'Service registry/gitea-http has no port https: 3000 (http), 22 (ssh)'],
    ['registry/gitea', 'there is no Service gitea in the namespace registry, only gitea-http'],
    ['gitea/gitea-http', 'there is no Service gitea-http in the namespace gitea'],
  ])('%s is refused in one line', (name, message) => {
    expect(() => found([scene.service], name)).toThrow(message);
  });
});

describe('an Ingress', () => {
  const over = (annotations: Readonly<Record<string, string>>, spec?: Raw) =>
    only([scene.ingressClass, scene.ingress(annotations, spec)], 'Ingress');

  test('annotations win over what the controller does by itself', () => {
    expect(limitsOf(over({}))).toEqual({
      body: `${mebi} by default`,
      silence: '60000 by default',
      answer: '60000 by default',
      collects: '1 by default',
    });
    const set = { [`${nginx}/proxy-body-size`]: '8m', [`${nginx}/proxy-request-buffering`]: 'off' };
    expect(limitsOf(over(set))).toEqual({
      body: 8 * mebi,
      silence: '60000 by default',
      answer: '60000 by default',
      collects: 0,
    });
  });

  test('an annotation of another program does nothing, and is said', () => {
    const { limits, notes } = over({ 'nginx.org/client-max-body-size': '0' });
    expect(limits.find(({ kind }) => kind === 'body')?.isDefault).toBe(true);
    expect(notes).toEqual([
      'annotation nginx.org/client-max-body-size of Ingress registry/gitea does nothing here: it is for nginx-ingress, and ingress-nginx serves this',
    ]);
  });

  test('of a program that is not known here no limit is told', () => {
    const unknown = { ...scene.ingressClass, spec: { controller: 'example.org/unheard-of' } };
    const path = only([unknown, scene.ingress({ [`${nginx}/proxy-body-size`]: '8m' })], 'Ingress');
    expect([path.hop, path.limits, path.notes]).toEqual([undefined, [], []]);
    expect(path.why[0]).toContain('its class nginx is example.org/unheard-of, whose limits are not known here');
  });

  test.each([
    ['nginx', `${nginx}/proxy-body-size`, 'ingress-nginx'],
    ['nginx', 'nginx.org/client-max-body-size', 'nginx-ingress'],
    ['traefik', 'example.org/x', 'traefik'],
    ['alb', 'example.org/x', 'aws-alb'],
    ['ours', `${nginx}/proxy-body-size`, undefined],
  ])('a class %s that is not listed, with %s, is taken for %s', (ingressClassName, annotation, hop) => {
    const path = only([scene.ingress({ [annotation]: '8m' }, { ingressClassName })], 'Ingress');
    expect(path.hop).toBe(hop);
    const said = hop === undefined ? 'not there, whose limits are not known here' : `taken for ${hop} by its name`;
    expect(path.why[0]).toContain(said);
  });

  test('without a class it is that of the cluster', () => {
    const standard = annotated(scene.ingressClass, { 'ingressclass.kubernetes.io/is-default-class': 'true' });
    const classless = scene.ingress({}, { ingressClassName: undefined });
    expect(only([standard, classless], 'Ingress').hop).toBe('ingress-nginx');
    expect(only([scene.ingressClass, classless], 'Ingress').hop).toBeUndefined();
  });

  test.each<[string, Raw, unknown[]]>([
    ['without TLS', { tls: undefined }, ['ingress-gitea', 'http://git.example.org', '192.0.2.10']],
    [
      'with TLS for other hosts',
      { tls: [{ hosts: ['other.example.org'] }] },
      ['ingress-gitea', 'http://git.example.org', '192.0.2.10'],
    ],
    [
      'with TLS for a wildcard',
      { tls: [{ hosts: ['*.example.org'] }] },
      ['ingress-gitea', 'https://git.example.org', '192.0.2.10'],
    ],
    [
      'as the default backend',
      { rules: [], tls: undefined, defaultBackend: { service: { name: 'gitea-http', port: { number: 3000 } } } },
      ['ingress-gitea', 'http://192.0.2.10', undefined],
    ],
  ])('%s', (_name, spec, expected) => {
    expect(where(over({}, spec))).toEqual(expected);
  });

  test.each<[string, Raw]>([
    [
      'another prefix',
      {
        rules: [
          {
            host: 'git.example.org',
            http: { paths: [{ path: '/api', backend: { service: { name: 'gitea-http', port: { name: 'http' } } } }] },
          },
        ],
      },
    ],
    [
      'another port',
      {
        rules: [
          {
            host: 'git.example.org',
            http: { paths: [{ path: '/', backend: { service: { name: 'gitea-http', port: { name: 'ssh' } } } }] },
          },
        ],
      },
    ],
    [
      'another Service',
      {
        rules: [
          {
            host: 'git.example.org',
            http: { paths: [{ path: '/', backend: { service: { name: 'web', port: { name: 'http' } } } }] },
          },
        ],
      },
    ],
  ])('with %s is no way', (_name, spec) => {
    expect(found([scene.service, scene.ingressClass, scene.ingress({}, spec)]).paths).toHaveLength(1);
  });

  test('of a wildcard host: which one is not known', () => {
    const backend = { service: { name: 'gitea-http', port: { number: 3000 } } };
    const rules = [{ host: '*.example.org', http: { paths: [{ path: '/', backend }] } }];
    expect(found([scene.service, scene.ingress({}, { rules })]).leftOut).toEqual([
      { source: 'Ingress registry/gitea', why: 'it serves all hosts of *.example.org: which one is not said' },
    ]);
  });

  test('two hosts and a namesake: each path has a name of its own', () => {
    const backend = { service: { name: 'gitea-http', port: { number: 3000 } } };
    const rules = ['a', 'b'].map((name) => ({
      host: `${name}.example.org`,
      http: { paths: [{ path: '/v2', backend }] },
    }));
    const namesake = scene.ingress();
    const second = { ...namesake, metadata: { ...(namesake['metadata'] as Raw), name: 'gitea-2' } };
    const { paths } = found([scene.service, scene.ingress({}, { rules }), second]);
    expect(paths.map(({ path }) => path.name)).toEqual([
      'service',
      'ingress-gitea',
      'ingress-gitea-2',
      'ingress-gitea-2-2',
    ]);
  });
});

describe('Traefik', () => {
  const limit = scene.middleware('limit', { buffering: { maxRequestBodyBytes: 2_000_000 } });

  test('an IngressRoute with a middleware that collects bodies', () => {
    const path = only([limit, scene.ingressRoute([{ name: 'limit' }])], 'IngressRoute');
    expect(where(path)).toEqual(['ingressroute-gitea', 'https://git.example.org', undefined]);
    expect(limitsOf(path)).toEqual({ body: 2_000_000, request: '60000 by default', collects: 1 });
  });

  test('through a chain that leads back to itself', () => {
    const chain = scene.middleware('chain', { chain: { middlewares: [{ name: 'chain' }, { name: 'limit' }] } });
    expect(limitsOf(only([limit, chain, scene.ingressRoute([{ name: 'chain' }])], 'IngressRoute'))['body']).toBe(
      2_000_000,
    );
  });

  test('a middleware that is not there', () => {
    expect(only([scene.ingressRoute([{ name: 'gone' }])], 'IngressRoute').notes).toEqual([
      'Middleware registry/gone is named and not there: Traefik does not serve such a route',
    ]);
  });

  test('the annotation of an Ingress, and the filter of an HTTPRoute', () => {
    const traefik = { ...scene.ingressClass, spec: { controller: 'traefik.io/ingress-controller' } };
    const named = scene.ingress({
      'traefik.ingress.kubernetes.io/router.middlewares': 'a-b@file, registry-limit@kubernetescrd',
    });
    expect(limitsOf(only([traefik, limit, named], 'Ingress'))['body']).toBe(2_000_000);
    const filters = [
      { type: 'ExtensionRef', extensionRef: { group: 'traefik.io', kind: 'Middleware', name: 'limit' } },
    ];
    const route = [scene.gatewayClass('traefik.io/gateway-controller'), scene.gateway, scene.httpRoute({ filters })];
    expect(limitsOf(only([limit, ...route], 'HTTPRoute'))['body']).toBe(2_000_000);
  });

  test.each([
    ['Path(`/`)', 1],
    ['Host(`git.example.org`) && PathPrefix(`/api`)', 0],
  ])('a match of %s', (match, leftOut) => {
    const all = found([scene.service, scene.ingressRoute([], match)]);
    expect([all.paths.length, all.leftOut.length]).toEqual([1, leftOut]);
  });
});

describe('a Gateway', () => {
  const over = (policies: readonly Raw[], controller?: string, route = scene.httpRoute()) =>
    only([scene.gatewayClass(controller), scene.gateway, route, ...policies], 'HTTPRoute');
  const nginxPolicy = (on: 'Gateway' | 'HTTPRoute', maxSize: string) =>
    scene.policy(scene.nginxPolicies, 'ClientSettingsPolicy', on, { body: { maxSize } });
  const envoy = 'gateway.envoyproxy.io/gatewayclass-controller';

  test('NGINX Gateway Fabric: the policy of the route wins over that of the Gateway, and both over the default', () => {
    expect(limitsOf(over([]))['body']).toBe(`${mebi} by default`);
    expect(limitsOf(over([nginxPolicy('Gateway', '50m')]))['body']).toBe(50 * mebi);
    expect(limitsOf(over([nginxPolicy('HTTPRoute', '0'), nginxPolicy('Gateway', '50m')]))['body']).toBe(Infinity);
    const read = scene.policy(scene.nginxPolicies, 'ProxySettingsPolicy', 'HTTPRoute', { timeout: { read: '15m' } });
    expect(limitsOf(over([read]))['answer']).toBe(900_000);
  });

  test('a policy in another namespace, or for another listener, does nothing', () => {
    const foreign = nginxPolicy('Gateway', '50m');
    const moved = { ...foreign, metadata: { ...(foreign['metadata'] as Raw), namespace: 'registry' } };
    expect(limitsOf(over([moved]))['body']).toBe(`${mebi} by default`);
    const received = (section: string) =>
      scene.policy(
        scene.envoyPolicies,
        'ClientTrafficPolicy',
        'Gateway',
        { timeout: { http: { requestReceivedTimeout: '30s' } } },
        section,
      );
    expect(limitsOf(over([received('https')], envoy))['request']).toBe(30_000);
    expect(limitsOf(over([received('http')], envoy))).not.toHaveProperty('request');
  });

  test('Envoy Gateway: buffers, and the timeout of the rule wins over the policy', () => {
    const http = { requestTimeout: '30s' };
    const traffic = (spec: Raw) => scene.policy(scene.envoyPolicies, 'BackendTrafficPolicy', 'HTTPRoute', spec);
    expect(limitsOf(over([], envoy))).toEqual({ answer: '15000 by default' });
    expect(limitsOf(over([traffic({ requestBuffer: { limit: '10Mi' }, timeout: { http } })], envoy))).toEqual({
      body: 10 * mebi,
      answer: 30_000,
      collects: 1,
    });
    expect(
      limitsOf(over([traffic({ requestBuffer: { limit: '10Mi', mode: 'LimitOnly' } })], envoy)),
    ).not.toHaveProperty('body');
    const rule = scene.httpRoute({ timeouts: { request: '0s' } });
    expect(limitsOf(over([traffic({ timeout: { http } })], envoy, rule))).toEqual({ answer: Infinity });
  });

  test('timeouts of a rule: counted from the beginning where the program is not known, not taken by NGINX Gateway Fabric', () => {
    const rule = scene.httpRoute({ timeouts: { request: '10s' } });
    expect(limitsOf(over([], 'example.org/unheard-of', rule))).toEqual({ request: 10_000 });
    expect(limitsOf(over([], undefined, rule))).not.toHaveProperty('request');
  });

  test.each<[string, Raw, string[]]>([
    [
      'that the Gateway refuses is said',
      { namespace: 'gateways', sectionName: 'https' },
      ['the Gateway does not serve HTTPRoute registry/gitea: Accepted is False (NotAllowedByListeners)'],
    ],
    ['that another listener refuses is served', { namespace: 'gateways', sectionName: 'http' }, []],
    ['that a namesake elsewhere refuses is served', { sectionName: 'https' }, []],
  ])('a route %s', (_name, ref, notes) => {
    const conditions = [{ type: 'Accepted', status: 'False', reason: 'NotAllowedByListeners' }];
    const status = { parents: [{ parentRef: { name: 'public', ...ref }, conditions }] };
    expect(over([], undefined, scene.httpRoute({}, status)).notes).toEqual(notes);
  });

  test.each<[string, readonly Raw[], string]>([
    ['that is not there', [scene.httpRoute()], 'it hangs on no Gateway that is there'],
    [
      'of another host',
      [
        scene.httpRoute(),
        changed(scene.gateway, {
          listeners: [{ name: 'https', port: 443, protocol: 'HTTPS', hostname: 'other.example.org' }],
        }),
      ],
      'no host of it is served by Gateway gateways/public',
    ],
  ])('%s leaves the route out', (_name, objects, why) => {
    expect(found([scene.service, ...objects]).leftOut).toEqual([{ source: 'HTTPRoute registry/gitea', why }]);
  });
});

test.each(['', 'gitea', 'a/b/c', 'a/b:', 'A/b', 'a/b:99999999999999x ', '../..'])(
  '%j is no name of a Service',
  (text) => {
    expect(parseServiceName(text)).toBeUndefined();
  },
);
