import type { LimitKind } from './limit-kind.ts';
import * as written from './quantities.ts';

/** Programs whose limits are known here, with the names by which classes of Ingresses and Gateways name them (`controller`, `controllerName`). */
export const hops = {
  'ingress-nginx': ['k8s.io/ingress-nginx'],
  'nginx-ingress': ['nginx.org/ingress-controller'],
  traefik: ['traefik.io/ingress-controller', 'traefik.io/gateway-controller'],
  'aws-alb': ['ingress.k8s.aws/alb'],
  'nginx-gateway-fabric': ['gateway.nginx.org/nginx-gateway-controller'],
  'envoy-gateway': ['gateway.envoyproxy.io/gatewayclass-controller'],
} as const;
export type HopName = keyof typeof hops;

type Parse = (value: unknown) => number | undefined;

interface Row {
  readonly hop: HopName;
  readonly limit: LimitKind;
  readonly parse: Parse;
  readonly remedy?: string;
}

/** A limit that an annotation of an Ingress sets. */
interface AnnotationRow extends Row {
  readonly annotation: string;
}

const ingressNginx = 'nginx.ingress.kubernetes.io';

// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/
// https://docs.nginx.com/nginx-ingress-controller/configuration/ingress-resources/advanced-configuration-with-annotations/
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
export const annotationRows: readonly AnnotationRow[] = [
  {
    hop: 'ingress-nginx',
    limit: 'body',
    annotation: `${ingressNginx}/proxy-body-size`,
    parse: written.nginxSize,
    remedy: `set the annotation ${ingressNginx}/proxy-body-size: "0"`,
  },
  {
    hop: 'ingress-nginx',
    limit: 'answer',
    annotation: `${ingressNginx}/proxy-read-timeout`,
    parse: written.seconds,
    remedy: `write ${ingressNginx}/proxy-read-timeout in seconds, without a unit: "900"`,
  },
  {
    hop: 'ingress-nginx',
    limit: 'collects',
    annotation: `${ingressNginx}/proxy-request-buffering`,
    parse: written.onOff,
    remedy: `set the annotation ${ingressNginx}/proxy-request-buffering: "off"`,
  },
  {
    hop: 'nginx-ingress',
    limit: 'body',
    annotation: 'nginx.org/client-max-body-size',
    parse: written.nginxSize,
    remedy: 'set the annotation nginx.org/client-max-body-size: "0"',
  },
  {
    hop: 'nginx-ingress',
    limit: 'answer',
    annotation: 'nginx.org/proxy-read-timeout',
    parse: written.nginxTime,
    remedy: 'set the annotation nginx.org/proxy-read-timeout: "900s"',
  },
  {
    hop: 'aws-alb',
    limit: 'silence',
    annotation: 'alb.ingress.kubernetes.io/load-balancer-attributes',
    parse: (value) => written.seconds(/(?:^|,)\s*idle_timeout\.timeout_seconds=(\d+)/.exec(String(value))?.[1] ?? '60'),
  },
];

/** A limit that a policy sets which names a Gateway or a route. */
interface PolicyRow extends Row {
  readonly kind: 'ClientSettingsPolicy' | 'ProxySettingsPolicy' | 'ClientTrafficPolicy' | 'BackendTrafficPolicy';
  /** Steps below `spec`. */
  readonly steps: readonly string[];
}

// https://docs.nginx.com/nginx-gateway-fabric/reference/api/ , https://gateway.envoyproxy.io/latest/api/extension_types/
export const policyRows: readonly PolicyRow[] = [
  {
    hop: 'nginx-gateway-fabric',
    limit: 'body',
    kind: 'ClientSettingsPolicy',
    steps: ['body', 'maxSize'],
    parse: written.nginxSize,
    remedy: 'set body.maxSize: "0" in a ClientSettingsPolicy for the Gateway or the HTTPRoute',
  },
  {
    hop: 'nginx-gateway-fabric',
    limit: 'silence',
    kind: 'ClientSettingsPolicy',
    steps: ['body', 'timeout'],
    parse: written.nginxTime,
  },
  {
    hop: 'nginx-gateway-fabric',
    limit: 'answer',
    kind: 'ProxySettingsPolicy',
    steps: ['timeout', 'read'],
    parse: written.nginxTime,
  },
  {
    hop: 'envoy-gateway',
    limit: 'body',
    kind: 'BackendTrafficPolicy',
    steps: ['requestBuffer', 'limit'],
    parse: written.quantity,
    remedy: 'take requestBuffer out of the BackendTrafficPolicy, or raise its limit',
  },
  {
    hop: 'envoy-gateway',
    limit: 'collects',
    kind: 'BackendTrafficPolicy',
    steps: ['requestBuffer'],
    parse: written.isThere,
  },
  {
    hop: 'envoy-gateway',
    limit: 'answer',
    kind: 'BackendTrafficPolicy',
    steps: ['timeout', 'http', 'requestTimeout'],
    parse: written.gatewayTime,
  },
  {
    hop: 'envoy-gateway',
    limit: 'silence',
    kind: 'BackendTrafficPolicy',
    steps: ['timeout', 'http', 'streamIdleTimeout'],
    parse: written.gatewayTime,
  },
  {
    hop: 'envoy-gateway',
    limit: 'request',
    kind: 'ClientTrafficPolicy',
    steps: ['timeout', 'http', 'requestReceivedTimeout'],
    parse: written.gatewayTime,
  },
];

/** What a hop does when nothing in the cluster says otherwise; its own configuration, which is not looked at, may. */
interface DefaultRow extends Row {
  readonly written: string;
}

export const defaultRows: readonly DefaultRow[] = [
  { hop: 'ingress-nginx', limit: 'body', written: '1m', parse: written.nginxSize },
  { hop: 'ingress-nginx', limit: 'silence', written: '60', parse: written.seconds },
  { hop: 'ingress-nginx', limit: 'answer', written: '60', parse: written.seconds },
  { hop: 'ingress-nginx', limit: 'collects', written: 'on', parse: written.onOff },
  { hop: 'nginx-ingress', limit: 'body', written: '1m', parse: written.nginxSize },
  { hop: 'nginx-ingress', limit: 'silence', written: '60s', parse: written.nginxTime },
  { hop: 'nginx-ingress', limit: 'answer', written: '60s', parse: written.nginxTime },
  { hop: 'nginx-ingress', limit: 'collects', written: 'on', parse: written.onOff },
  // Since v2.11.2 and v3.0: https://doc.traefik.io/traefik/migrate/v2/#v2112
  { hop: 'traefik', limit: 'request', written: '60s', parse: written.nginxTime },
  { hop: 'aws-alb', limit: 'silence', written: '60', parse: written.seconds },
  { hop: 'nginx-gateway-fabric', limit: 'body', written: '1m', parse: written.nginxSize },
  { hop: 'nginx-gateway-fabric', limit: 'silence', written: '60s', parse: written.nginxTime },
  { hop: 'nginx-gateway-fabric', limit: 'answer', written: '60s', parse: written.nginxTime },
  { hop: 'nginx-gateway-fabric', limit: 'collects', written: 'on', parse: written.onOff },
  // https://gateway.envoyproxy.io/docs/tasks/traffic/http-timeouts/
  { hop: 'envoy-gateway', limit: 'answer', written: '15s', parse: written.gatewayTime },
];

/** Idle times of load balancers, as annotations of a Service set them. */
export const serviceRows: readonly Omit<AnnotationRow, 'hop'>[] = [
  {
    limit: 'silence',
    annotation: 'service.beta.kubernetes.io/aws-load-balancer-connection-idle-timeout',
    parse: written.seconds,
  },
  {
    limit: 'silence',
    annotation: 'service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout',
    parse: written.minutes,
  },
];

/** The program behind the name of a controller; undefined: none that is known here. */
export function hopOf(controller: string | undefined): HopName | undefined {
  return (Object.keys(hops) as HopName[]).find((name) => hops[name].some((one) => one === controller));
}

/**
 * The program that a class of this name is in most clusters, by the charts that make it; undefined: none that is known here. Two
 * programs call theirs `nginx`: what the Ingress says to one of them tells which.
 */
export function usualHop(className: string, annotations: Readonly<Record<string, string>>): HopName | undefined {
  const isOfF5 = Object.keys(annotations).some((name) => name.startsWith('nginx.org/'));
  return className === 'nginx' && isOfF5 ? 'nginx-ingress' : usualHops.get(className);
}

const usualHops: ReadonlyMap<string, HopName> = new Map([
  ['nginx', 'ingress-nginx'],
  ['traefik', 'traefik'],
  ['alb', 'aws-alb'],
]);
