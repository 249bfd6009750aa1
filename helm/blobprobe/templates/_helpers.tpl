{{- define "blobprobe.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "blobprobe.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "blobprobe.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "blobprobe.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "blobprobe.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "blobprobe.selectorLabels" -}}
app.kubernetes.io/name: {{ include "blobprobe.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "blobprobe.labels" -}}
{{- $labels := include "blobprobe.selectorLabels" . | fromYaml -}}
{{- $_ := set $labels "app.kubernetes.io/version" (.Values.image.tag | default .Chart.AppVersion | replace "+" "_" | trunc 63) -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $labels "app.kubernetes.io/part-of" "blobprobe" -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63) -}}
{{- toYaml (merge $labels .Values.commonLabels) -}}
{{- end -}}

{{/* Metadata of an object. Takes: root, name, and optionally namespace, labels, annotations. */}}
{{- define "blobprobe.metadata" -}}
name: {{ .name }}
namespace: {{ default (include "blobprobe.namespace" .root) .namespace }}
labels:
  {{- toYaml (merge (include "blobprobe.labels" .root | fromYaml) (.labels | default dict) (.defaultLabels | default dict)) | nindent 2 }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "blobprobe.image" -}}
{{- $registry := .Values.global.imageRegistry | default .Values.image.registry -}}
{{- $name := .Values.image.repository -}}
{{- if $registry -}}{{- $name = printf "%s/%s" $registry $name -}}{{- end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $name .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "blobprobe.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "blobprobe.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* demo: no configuration; own: from values; existing: made by others. */}}
{{- define "blobprobe.mode" -}}
{{- if .Values.existingConfig.name -}}existing
{{- else if .Values.config -}}own
{{- else -}}demo
{{- end -}}
{{- end -}}

{{- define "blobprobe.ledgerFolder" -}}/var/lib/blobprobe{{- end -}}

{{/* The configuration as a file: as given, with a place for the ledger when none is named. */}}
{{- define "blobprobe.config" -}}
{{- toYaml (merge (deepCopy .Values.config) (dict "ledgerFile" (printf "%s/ledger.jsonl" (include "blobprobe.ledgerFolder" .)))) -}}
{{- end -}}

{{- define "blobprobe.scheme" -}}
{{- if .Values.webConfig.tls -}}https{{- else -}}http{{- end -}}
{{- end -}}

{{/* The path of web.externalUrl, unless a prefix is given; without a slash at its end. */}}
{{- define "blobprobe.routePrefix" -}}
{{- $prefix := .Values.web.routePrefix -}}
{{- if and (not $prefix) .Values.web.externalUrl -}}
{{- $prefix = (urlParse .Values.web.externalUrl).path -}}
{{- end -}}
{{- trimSuffix "/" $prefix -}}
{{- end -}}

{{/* What a probe does: takes root and path. Without a password or certificate the kubelet can only open a connection. */}}
{{- define "blobprobe.probeAction" -}}
{{- if or .root.Values.webConfig.basicAuth .root.Values.webConfig.clientCertificates -}}
tcpSocket:
  port: http
{{- else -}}
httpGet:
  path: {{ include "blobprobe.routePrefix" .root }}{{ .path }}
  port: http
  scheme: {{ include "blobprobe.scheme" .root | upper }}
{{- end -}}
{{- end -}}

{{/* What templates can refuse and a schema cannot say well. */}}
{{- define "blobprobe.refuse" -}}
{{- $v := .Values -}}
{{- if and $v.existingConfig.name $v.config -}}
{{- fail "existingConfig.name and config are both set: leave one of them empty" -}}
{{- end -}}
{{- if and (eq $v.configStorage "ConfigMap") (not $v.existingConfig.name) (regexMatch "(?m)^[ -]*[\"']?(password|token|identityToken)[\"']?:" (toYaml $v.config)) -}}
{{- fail "config holds a password or token in plain text: use passwordFile or passwordEnv (or the same for tokens) with `credentials` or `extraEnv`, or set configStorage to Secret" -}}
{{- end -}}
{{- if and (eq $v.kind "DaemonSet") (gt (int $v.shards) 1) -}}
{{- fail "shards divide the checks among Deployments; with kind: DaemonSet every pod runs all checks, so leave shards at 1" -}}
{{- end -}}
{{- if and (eq $v.kind "DaemonSet") $v.persistence.enabled -}}
{{- fail "persistence makes one volume claim for each Deployment; pods of a DaemonSet cannot share it, so leave persistence.enabled at false" -}}
{{- end -}}
{{- if and (gt (int $v.shards) 1) $v.persistence.existingClaim -}}
{{- fail "persistence.existingClaim is one claim, and shards cannot share a ledger: leave it empty, or leave shards at 1" -}}
{{- end -}}
{{- if and (gt (int $v.shards) 1) (eq (include "blobprobe.mode" .) "demo") -}}
{{- fail "shards without a configuration: the demonstration cannot be divided, set config or existingConfig.name" -}}
{{- end -}}
{{- if and $v.serviceMonitor.enabled $v.podMonitor.enabled -}}
{{- fail "serviceMonitor.enabled and podMonitor.enabled are both set: everything would be scraped twice" -}}
{{- end -}}
{{- if and $v.serviceMonitor.enabled (not $v.service.enabled) -}}
{{- fail "serviceMonitor.enabled needs service.enabled; use podMonitor.enabled instead" -}}
{{- end -}}
{{- if and (or $v.ingress.enabled $v.httpRoute.enabled) (not $v.service.enabled) -}}
{{- fail "ingress.enabled and httpRoute.enabled need service.enabled" -}}
{{- end -}}
{{- if and (or $v.webConfig.tls $v.webConfig.basicAuth $v.webConfig.clientCertificates) (not $v.webConfig.existingSecret) -}}
{{- fail "webConfig.tls, basicAuth and clientCertificates describe the file in webConfig.existingSecret, which is empty" -}}
{{- end -}}
{{- if hasKey $v "replicaCount" -}}
{{- fail "replicaCount: one vantage point is one pod, two would measure each other; `shards` divides the checks among pods" -}}
{{- end -}}
{{- range $name := list "serviceMonitor" "podMonitor" "prometheusRule" -}}
{{- if hasKey (get $v $name) "additionalLabels" -}}
{{- fail (printf "%s.additionalLabels is called %s.labels here; for kube-prometheus-stack alone, set prometheusRelease" $name $name) -}}
{{- end -}}
{{- end -}}
{{- if and $v.serviceMonitor.targets (not $v.serviceMonitor.enabled) -}}
{{- fail "serviceMonitor.targets needs serviceMonitor.enabled" -}}
{{- end -}}
{{- range $registry, $settings := (get $v.config "registries" | default dict) -}}
{{- range $key, $file := ($settings.credentials | default dict) -}}
{{- if and (or (hasSuffix "File" $key) (eq $key "dockerConfig")) (hasPrefix "/etc/blobprobe/credentials/" $file) -}}
{{- $name := trimPrefix "/etc/blobprobe/credentials/" $file | splitList "/" | first -}}
{{- if not (hasKey $v.credentials $name) -}}
{{- fail (printf "config.registries.%s.credentials.%s: no Secret becomes %s: set credentials.%s.secretName" $registry $key $file $name) -}}
{{- end -}}
{{- else if and (hasSuffix "File" $key) (not $v.extraVolumeMounts) -}}
{{- fail (printf "config.registries.%s.credentials.%s: nothing is mounted at %s: set credentials.NAME.secretName and write /etc/blobprobe/credentials/NAME/KEY-OF-THE-SECRET, or mount it with extraVolumeMounts" $registry $key $file) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $v.extraEnv -}}
{{- if has .name (list "NODE_NAME" "TMPDIR") -}}{{- fail (printf "extraEnv: %s is set by the chart" .name) -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels by which a fleet tells its vantage points apart. Takes root. */}}
{{- define "blobprobe.vantageRelabelings" -}}
{{- $rules := list -}}
{{- with .Values.vantage.nodeLabel -}}
{{- $rules = append $rules (dict "sourceLabels" (list "__meta_kubernetes_pod_node_name") "targetLabel" .) -}}
{{- end -}}
{{- with .Values.vantage.zoneLabel -}}
{{- $rules = append $rules (dict "sourceLabels" (list "__meta_kubernetes_node_label_topology_kubernetes_io_zone") "targetLabel" .) -}}
{{- end -}}
{{- range $name, $value := .Values.vantage.labels -}}
{{- $rules = append $rules (dict "targetLabel" $name "replacement" $value) -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end -}}

{{/* Fields that endpoints of both monitors share. Takes root and monitor. */}}
{{- define "blobprobe.endpoint" -}}
port: http
path: {{ include "blobprobe.routePrefix" .root }}/metrics
scheme: {{ include "blobprobe.scheme" .root }}
honorLabels: {{ .monitor.honorLabels }}
{{- with .monitor.interval }}
interval: {{ . }}
{{- end }}
{{- with .monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with .monitor.tlsConfig }}
tlsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .monitor.basicAuth }}
basicAuth:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with concat (include "blobprobe.vantageRelabelings" .root | fromYamlArray) .monitor.relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .monitor.extraEndpointFields }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The label by which kube-prometheus-stack finds monitors and rules. Takes root. */}}
{{- define "blobprobe.releaseLabel" -}}
{{- with .Values.prometheusRelease -}}
release: {{ . | quote }}
{{- end -}}
{{- end -}}

{{/* A push on demand, scraped. Takes root, monitor and target. */}}
{{- define "blobprobe.targetEndpoint" -}}
port: http
path: {{ include "blobprobe.routePrefix" .root }}/probe
scheme: {{ include "blobprobe.scheme" .root }}
interval: {{ .target.interval | default "5m" }}
scrapeTimeout: {{ .target.scrapeTimeout | default "2m" }}
params:
  {{- range $key, $value := omit .target "interval" "scrapeTimeout" }}
  {{ $key }}: [{{ $value | quote }}]
  {{- end }}
{{- with .monitor.tlsConfig }}
tlsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .monitor.basicAuth }}
basicAuth:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $rules := include "blobprobe.vantageRelabelings" .root | fromYamlArray }}
{{- /* Without these, targets on one pod would differ in nothing; what a run says of itself bears the same. */}}
{{- $job := dict "targetLabel" "job" "replacement" (printf "%s-probe" (include "blobprobe.fullname" .root)) }}
{{- $rules = append $rules $job }}
{{- range $key, $value := omit .target "interval" "scrapeTimeout" }}
{{- $rules = append $rules (dict "targetLabel" (printf "target_%s" $key) "replacement" (toString $value)) }}
{{- end }}
relabelings:
  {{- toYaml (concat $rules .monitor.relabelings) | nindent 2 }}
{{- end -}}

{{/* Fields of the spec that both monitors share. Takes root and monitor. */}}
{{- define "blobprobe.monitorSpec" -}}
selector:
  matchLabels:
    {{- include "blobprobe.selectorLabels" .root | nindent 4 }}
namespaceSelector:
  matchNames: [{{ include "blobprobe.namespace" .root }}]
{{- with .monitor.jobLabel }}
jobLabel: {{ . }}
{{- end }}
{{- with .monitor.sampleLimit }}
sampleLimit: {{ int64 . }}
{{- end }}
{{- if .root.Values.vantage.zoneLabel }}
attachMetadata:
  node: true
{{- end }}
{{- end -}}
