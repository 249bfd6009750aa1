// Kinds for which no package brings (current) types, as far as the chart uses them, from their projects' reference:
// Gateway API 1.4 HTTPRoute, autoscaler 1.5 VerticalPodAutoscaler, grafana-operator 5.20 GrafanaDashboard,
// prometheus-operator 0.93 PrometheusRule.

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface HttpRoute {
  readonly apiVersion: 'gateway.networking.k8s.io/v1';
  readonly kind: 'HTTPRoute';
  readonly metadata: Metadata;
  readonly spec: {
    readonly parentRefs?: readonly {
      readonly name: string;
      readonly namespace?: string;
      readonly sectionName?: string;
    }[];
    readonly hostnames?: readonly string[];
    readonly rules: readonly {
      readonly matches?: readonly {
        readonly path?: { readonly type: 'Exact' | 'PathPrefix'; readonly value: string };
      }[];
      readonly backendRefs?: readonly { readonly name: string; readonly port: number }[];
    }[];
  };
}

export interface VerticalPodAutoscaler {
  readonly apiVersion: 'autoscaling.k8s.io/v1';
  readonly kind: 'VerticalPodAutoscaler';
  readonly metadata: Metadata;
  readonly spec: {
    readonly targetRef: { readonly apiVersion: string; readonly kind: string; readonly name: string };
    readonly updatePolicy?: { readonly updateMode: 'Off' | 'Initial' | 'Recreate' | 'InPlaceOrRecreate' | 'Auto' };
    readonly resourcePolicy?: {
      readonly containerPolicies: readonly {
        readonly containerName: string;
        readonly controlledResources?: readonly ('cpu' | 'memory')[];
        readonly minAllowed?: Readonly<Record<string, string>>;
        readonly maxAllowed?: Readonly<Record<string, string>>;
      }[];
    };
  };
}

export interface GrafanaDashboard {
  readonly apiVersion: 'grafana.integreatly.org/v1beta1';
  readonly kind: 'GrafanaDashboard';
  readonly metadata: Metadata;
  readonly spec: {
    readonly allowCrossNamespaceImport?: boolean;
    readonly resyncPeriod?: string;
    readonly folder?: string;
    readonly instanceSelector: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly configMapRef?: { readonly name: string; readonly key: string };
  };
}

export interface PrometheusRule {
  readonly apiVersion: 'monitoring.coreos.com/v1';
  readonly kind: 'PrometheusRule';
  readonly metadata: Metadata;
  readonly spec: {
    readonly groups: readonly {
      readonly name: string;
      readonly interval?: string;
      readonly rules: readonly {
        readonly record?: string;
        readonly alert?: string;
        readonly expr: string;
        readonly for?: string;
        readonly keep_firing_for?: string;
        readonly labels?: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      }[];
    }[];
  };
}
