import type { ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import { MappingType } from '@grafana/grafana-foundation-sdk/dashboard';
import type { AnsweredBy, Blame } from '../../src/probe/failure.ts';
import { reasonTable } from '../../src/probe/judge/reason-table.ts';
import type { VerdictKind } from '../../src/probe/compare/verdict.ts';

/** The hop to look at first. */
const blameWords: Readonly<Record<Blame, string>> = {
  prober: 'blobprobe itself',
  client_network: 'network of the prober',
  dns: 'DNS',
  edge: 'CDN edge',
  edge_to_origin: 'CDN to origin',
  tunnel: 'tunnel',
  ingress: 'ingress or load balancer',
  auth_server: 'token service',
  registry_app: 'registry',
  registry_storage: 'storage of the registry',
  unknown: 'not known',
};

const answererWords: Readonly<Record<AnsweredBy, string>> = {
  registry: 'registry',
  cloudflare: 'Cloudflare',
  nginx: 'nginx',
  traefik: 'Traefik',
  haproxy: 'HAProxy',
  envoy: 'Envoy',
  alb: 'AWS ALB',
  cloudfront: 'CloudFront',
  caddy: 'Caddy',
  apache: 'Apache',
  squid: 'Squid',
  varnish: 'Varnish',
  other: 'somebody unknown',
  none: 'nobody',
};

const verdictWords: Readonly<Record<VerdictKind, { text: string; color: string }>> = {
  healthy: { text: 'all paths work', color: 'green' },
  'path-fault': { text: 'some paths are at fault', color: 'red' },
  'registry-fault': { text: 'the registry is at fault', color: 'red' },
  inconclusive: { text: 'not clear yet', color: 'orange' },
};

/** Shows each value as its text, in its colour where it has one. */
export function valueMap(
  options: Readonly<Record<string, string | { readonly text: string; readonly color: string }>>,
): ValueMapping {
  const entries = Object.entries(options).map(([value, shown], index) => [
    value,
    { ...(typeof shown === 'string' ? { text: shown } : shown), index },
  ]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(entries) };
}

/** Shows what lies between two values, both included, as a text. */
export function rangeMap(from: number, to: number, text: string, color: string): ValueMapping {
  return { type: MappingType.RangeToText, options: { from, to, result: { text, color, index: 9 } } };
}

/** Reasons as a person says them. */
const reasonWords = Object.fromEntries(Object.entries(reasonTable).map(([reason, { title }]) => [reason, title]));

export const reasonMap = valueMap(reasonWords);
export const blameMap = valueMap(blameWords);
export const answererMap = valueMap(answererWords);
export const verdictMap = valueMap(verdictWords);
export const successMap = valueMap({ '1': { text: 'ok', color: 'green' }, '0': { text: 'failed', color: 'red' } });
/** A mean of outcomes that differ: of clients, workloads or probers. */
export const someFailMap = rangeMap(0.0001, 0.9999, 'some fail', 'orange');

/** A transformation of Grafana that says a part of a series' name in other words; values are mapped, names only so. */
export interface Renaming {
  readonly id: 'renameByRegex';
  readonly options: { readonly regex: string; readonly renamePattern: string };
}

/** The legend of failures, which its renamings expect: what is in front, then reason and who answered. */
export const failureLegend = (before: string): string => `${before}: {{reason}} ({{answered_by}})`;
export const failureNames: readonly Renaming[] = [
  ...Object.entries(reasonWords).map(([code, words]) => renaming(`(.*): ${code} (\\(.*)`, `$1: ${words} $2`)),
  ...Object.entries(answererWords).map(([code, words]) => renaming(`(.*)\\(${code}\\)`, `$1(${words})`)),
];

function renaming(regex: string, renamePattern: string): Renaming {
  return { id: 'renameByRegex', options: { regex, renamePattern } };
}

export function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
