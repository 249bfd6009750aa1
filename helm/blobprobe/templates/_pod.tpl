{{/* The pod of Deployments and the DaemonSet alike. Takes root and shard. */}}
{{- define "blobprobe.podTemplate" -}}
{{- $root := .root -}}
{{- $v := .root.Values -}}
{{- $mode := include "blobprobe.mode" .root -}}
metadata:
  labels:
    {{- $own := include "blobprobe.selectorLabels" .root | fromYaml }}
    {{- if gt (int $v.shards) 1 }}
    {{- $_ := set $own "blobprobe/shard" (toString .shard) }}
    {{- end }}
    {{- toYaml (merge $own $v.podLabels $v.commonLabels) | nindent 4 }}
  annotations:
    kubectl.kubernetes.io/default-container: blobprobe
    {{- if and (eq $mode "own") (not $v.autoReload) }}
    checksum/config: {{ include (print $root.Template.BasePath "/config.yaml") .root | sha256sum }}
    {{- end }}
    {{- with $v.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "blobprobe.serviceAccountName" .root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $v.terminationGracePeriodSeconds }}
  {{- with $v.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- if $v.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- with $v.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "" $v.hostNetwork) }}
  dnsPolicy: {{ . }}
  {{- end }}
  {{- with $v.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml $v.podSecurityContext | nindent 4 }}
  {{- with $v.initContainers }}
  initContainers:
    {{- tpl (toYaml .) $root | nindent 4 }}
  {{- end }}
  containers:
    - name: blobprobe
      image: {{ include "blobprobe.image" .root }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args:
        {{- include "blobprobe.args" . | nindent 8 }}
      env:
        - name: NODE_NAME
          valueFrom:
            fieldRef:
              fieldPath: spec.nodeName
        # The demonstration writes its certificates there; the root file system is read-only.
        - name: TMPDIR
          value: {{ include "blobprobe.ledgerFolder" .root }}
        {{- with $v.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $v.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: {{ $v.containerPort }}
          protocol: TCP
      startupProbe:
        {{- if $v.startupProbe }}
        {{- toYaml $v.startupProbe | nindent 8 }}
        {{- else }}
        {{- include "blobprobe.probeAction" (dict "root" $root "path" "/-/healthy") | nindent 8 }}
        periodSeconds: 2
        failureThreshold: 30
        {{- end }}
      livenessProbe:
        {{- if $v.livenessProbe }}
        {{- toYaml $v.livenessProbe | nindent 8 }}
        {{- else }}
        {{- include "blobprobe.probeAction" (dict "root" $root "path" "/-/healthy") | nindent 8 }}
        periodSeconds: 20
        timeoutSeconds: 5
        failureThreshold: 6
        {{- end }}
      readinessProbe:
        {{- if $v.readinessProbe }}
        {{- toYaml $v.readinessProbe | nindent 8 }}
        {{- else }}
        {{- include "blobprobe.probeAction" (dict "root" $root "path" "/-/ready") | nindent 8 }}
        periodSeconds: 10
        timeoutSeconds: 5
        {{- end }}
      {{- with $v.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml $v.securityContext | nindent 8 }}
      volumeMounts:
        {{- include "blobprobe.volumeMounts" .root | nindent 8 }}
    {{- with $v.extraContainers }}
    {{- tpl (toYaml .) $root | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "blobprobe.volumes" . | nindent 4 }}
  {{- with $v.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    {{- /* A constraint that selects nothing spreads nothing. All shards of a release are spread, not the pods of each. */}}
    {{- $ours := dict "labelSelector" (dict "matchLabels" (include "blobprobe.selectorLabels" $.root | fromYaml)) }}
    - {{- toYaml (hasKey . "labelSelector" | ternary . (merge (deepCopy .) $ours)) | nindent 6 }}
    {{- end }}
  {{- end }}
{{- end -}}

{{- define "blobprobe.args" -}}
{{- $v := .root.Values -}}
{{- if eq (include "blobprobe.mode" .root) "demo" -}}
- demo
{{- else -}}
- serve
- --config.file=/etc/blobprobe/config/config.yaml
{{- if $v.autoReload }}
- --config.enable-auto-reload
{{- end }}
{{- end }}
- --web.listen-address=:{{ $v.containerPort }}
- --log.level={{ $v.log.level }}
- --log.format={{ $v.log.format }}
{{- if gt (int $v.shards) 1 }}
- --shard={{ .shard }}/{{ $v.shards }}
{{- end }}
{{- with $v.web.externalUrl }}
- --web.external-url={{ . }}
{{- end }}
{{- with $v.web.routePrefix }}
- --web.route-prefix={{ . }}
{{- end }}
{{- if $v.webConfig.existingSecret }}
- --web.config.file=/etc/blobprobe/web/{{ $v.webConfig.key }}
{{- end }}
{{- range $v.extraArgs }}
- {{ tpl . $.root | quote }}
{{- end }}
{{- end -}}

{{- define "blobprobe.volumeMounts" -}}
{{- $mode := include "blobprobe.mode" . -}}
- name: ledger
  mountPath: {{ include "blobprobe.ledgerFolder" . }}
{{- if ne $mode "demo" }}
- name: config
  mountPath: /etc/blobprobe/config
  readOnly: true
{{- end }}
{{- range $name, $_ := .Values.credentials }}
- name: credentials-{{ $name }}
  mountPath: /etc/blobprobe/credentials/{{ $name }}
  readOnly: true
{{- end }}
{{- if .Values.webConfig.existingSecret }}
- name: web-config
  mountPath: /etc/blobprobe/web
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "blobprobe.volumes" -}}
{{- $v := .root.Values -}}
{{- $mode := include "blobprobe.mode" .root -}}
- name: ledger
  {{- if $v.persistence.enabled }}
  persistentVolumeClaim:
    claimName: {{ $v.persistence.existingClaim | default (include "blobprobe.shardName" .) }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ $v.persistence.size }}
  {{- end }}
{{- if eq $mode "own" }}
- name: config
  {{- if eq $v.configStorage "Secret" }}
  secret:
    secretName: {{ include "blobprobe.fullname" .root }}
  {{- else }}
  configMap:
    name: {{ include "blobprobe.fullname" .root }}
  {{- end }}
{{- else if eq $mode "existing" }}
- name: config
  {{- if eq $v.existingConfig.kind "Secret" }}
  secret:
    secretName: {{ $v.existingConfig.name }}
  {{- else }}
  configMap:
    name: {{ $v.existingConfig.name }}
  {{- end }}
    items:
      - key: {{ $v.existingConfig.key }}
        path: config.yaml
{{- end }}
{{- range $name, $credentials := $v.credentials }}
- name: credentials-{{ $name }}
  secret:
    secretName: {{ $credentials.secretName }}
    {{- if $credentials.optional }}
    optional: true
    {{- end }}
    {{- if $credentials.dockerConfigJson }}
    items:
      - key: .dockerconfigjson
        path: config.json
    {{- end }}
{{- end }}
{{- if $v.webConfig.existingSecret }}
- name: web-config
  secret:
    secretName: {{ $v.webConfig.existingSecret }}
{{- end }}
{{- with $v.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Name of the Deployment and claim of a shard; without shards, the full name. */}}
{{- define "blobprobe.shardName" -}}
{{- if gt (int .root.Values.shards) 1 -}}
{{ include "blobprobe.fullname" .root }}-{{ .shard }}
{{- else -}}
{{ include "blobprobe.fullname" .root }}
{{- end -}}
{{- end -}}
