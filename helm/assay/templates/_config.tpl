{{/*
The configuration file of the gateway: `config` of the values, with what the chart knows itself put in:
addresses and ports, storage, Redis and the engines that it runs.
*/}}
{{- define "assay.config" -}}
{{- $config := deepCopy .Values.config }}
{{- $server := dict "lookAwayMs" (mul .Values.shutdown.lookAwaySeconds 1000) }}
{{- $_ := set $config "server" (mergeOverwrite $server (default dict $config.server) (dict "host" "0.0.0.0" "port" 8080)) }}
{{- if hasKey $config "admin" }}
{{- $_ := set $config "admin" (mergeOverwrite (default dict $config.admin) (dict "host" "0.0.0.0" "port" 8081)) }}
{{- end }}
{{- if .Values.metrics.enabled }}
{{- $_ := set $config "metrics" (dict "host" "0.0.0.0" "port" .Values.metrics.port) }}
{{- end }}
{{- $_ := set $config "storage" (include "assay.storage" . | fromYaml) }}
{{- if or .Values.redis.url .Values.redis.bundled.enabled }}
{{- $_ := set $config "cache" (mergeOverwrite (default dict $config.cache) (dict "redis" (include "assay.redis" . | fromYaml))) }}
{{- end }}
{{- $engines := default dict $config.engines }}
{{- range $id, $engine := .Values.engines }}
{{- $_ := set $engines $id (include "assay.engineConfig" (dict "root" $ "id" $id "engine" $engine) | fromYaml) }}
{{- end }}
{{- $_ := set $config "engines" $engines }}
{{- toYaml $config }}
{{- end }}

{{- define "assay.storage" -}}
{{- $storage := .Values.storage }}
kind: {{ $storage.kind }}
{{- if ne $storage.kind "none" }}
retentionDays: {{ $storage.retentionDays }}
{{- end }}
{{- if eq $storage.kind "embedded" }}
directory: /var/lib/assay
{{- else if eq $storage.kind "postgres" }}
poolSize: {{ $storage.postgres.poolSize }}
migrate: {{ not (include "assay.migratesByHook" .) }}
{{- if $storage.postgres.bundled.enabled }}
url: "postgres://assay:${env:ASSAY_POSTGRES_PASSWORD}@{{ include "assay.fullname" . }}-postgres:5432/assay"
{{- else }}
url: "${env:ASSAY_POSTGRES_URL}"
{{- end }}
{{- end }}
{{- end }}

{{/* Of a database that stands before the release does; the bundled one is migrated by the gateway that starts first. */}}
{{- define "assay.migratesByHook" -}}
{{- if and (eq .Values.storage.kind "postgres") .Values.migrations.hook (not .Values.storage.postgres.bundled.enabled) }}true{{ end }}
{{- end }}

{{- define "assay.redis" -}}
{{- $redis := .Values.redis }}
{{- if $redis.bundled.enabled }}
url: "redis://{{ include "assay.fullname" . }}-redis:6379"
{{- else }}
url: {{ $redis.url | quote }}
{{- with $redis.username }}
username: {{ . | quote }}
{{- end }}
{{- if $redis.existingSecret }}
password: "${env:ASSAY_REDIS_PASSWORD}"
{{- end }}
{{- end }}
prefix: {{ $redis.prefix | quote }}
{{- end }}

{{/* How the gateway finds an engine of this chart: its pods, by the EndpointSlices of its service. */}}
{{- define "assay.engineConfig" -}}
{{- $engine := .engine }}
{{- $isTriton := eq $engine.kind "triton" }}
{{- $own := dict "kind" (ternary "triton" "openai" $isTriton) "model" (include "assay.servedModel" .) "cost" $engine.cost }}
{{- if $isTriton }}
{{- $_ := mergeOverwrite $own (dict "backend" $engine.backend "metricsPort" 8002) }}
{{- else }}
{{- $_ := set $own "flavour" "vllm" }}
{{- if $engine.apiKey }}
{{- $_ := set $own "apiKey" (printf "${env:%s}" (include "assay.engineKeyName" .id)) }}
{{- end }}
{{- end }}
{{- with $engine.precision | default $engine.quantization }}
{{- $_ := set $own "precision" . }}
{{- end }}
{{- $slices := dict "service" (include "assay.engineName" .) "namespace" .root.Release.Namespace "port" (ternary "grpc" "http" $isTriton) }}
{{- $_ := set $own "discovery" (dict "endpointSlices" $slices) }}
{{- toYaml (mergeOverwrite $own (default dict $engine.config)) }}
{{- end }}

{{- define "assay.engineName" -}}
{{ printf "%s-%s" (include "assay.fullname" .root) .id | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "assay.servedModel" -}}
{{ .engine.servedName | default .engine.model }}
{{- end }}

{{- define "assay.engineKeyName" -}}
ASSAY_ENGINE_{{ . | upper | replace "-" "_" }}_KEY
{{- end }}

{{/* Namespaces whose EndpointSlices the gateway follows, as a list. */}}
{{- define "assay.watchedNamespaces" -}}
{{- $names := list }}
{{- if .Values.engines }}
{{- $names = append $names .Release.Namespace }}
{{- end }}
{{- range $id, $engine := default dict .Values.config.engines }}
{{- with ((default dict $engine.discovery).endpointSlices) }}
{{- $names = append $names .namespace }}
{{- end }}
{{- end }}
{{- toYaml ($names | uniq | sortAlpha) }}
{{- end }}

{{/* Environment of the gateway and of its migrations: secrets by name, never their values. */}}
{{- define "assay.env" -}}
{{- $postgres := .Values.storage.postgres }}
{{- if eq .Values.storage.kind "postgres" }}
{{- if $postgres.bundled.enabled }}
- name: ASSAY_POSTGRES_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ $postgres.bundled.existingSecret }}, key: {{ $postgres.bundled.passwordKey }} } }
{{- else if $postgres.existingSecret }}
- name: ASSAY_POSTGRES_URL
  valueFrom: { secretKeyRef: { name: {{ $postgres.existingSecret }}, key: {{ $postgres.urlKey }} } }
{{- else }}
- name: ASSAY_POSTGRES_URL
  valueFrom: { secretKeyRef: { name: {{ include "assay.fullname" . }}{{ if .hook }}-migrate{{ end }}, key: url } }
{{- end }}
{{- end }}
{{- with .Values.redis }}
{{- if .existingSecret }}
- name: ASSAY_REDIS_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ .existingSecret }}, key: {{ .passwordKey }} } }
{{- end }}
{{- end }}
{{- range $id, $engine := .Values.engines }}
{{- with $engine.apiKey }}
- name: {{ include "assay.engineKeyName" $id }}
  valueFrom: { secretKeyRef: { name: {{ .existingSecret }}, key: {{ .key }} } }
{{- end }}
{{- end }}
{{- range $name, $ref := .Values.secretEnv }}
- name: {{ $name }}
  valueFrom: { secretKeyRef: { name: {{ $ref.existingSecret }}, key: {{ $ref.key }} } }
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Names of the secrets that must be there already, as a list of "name key what". */}}
{{- define "assay.neededSecrets" -}}
{{- $needed := list }}
{{- $postgres := .Values.storage.postgres }}
{{- if eq .Values.storage.kind "postgres" }}
{{- if $postgres.bundled.enabled }}
{{- $needed = append $needed (dict "name" $postgres.bundled.existingSecret "key" $postgres.bundled.passwordKey "what" "storage.postgres.bundled.existingSecret") }}
{{- else if $postgres.existingSecret }}
{{- $needed = append $needed (dict "name" $postgres.existingSecret "key" $postgres.urlKey "what" "storage.postgres.existingSecret") }}
{{- end }}
{{- end }}
{{- with .Values.redis }}
{{- if .existingSecret }}
{{- $needed = append $needed (dict "name" .existingSecret "key" .passwordKey "what" "redis.existingSecret") }}
{{- end }}
{{- end }}
{{- range $id, $engine := .Values.engines }}
{{- range $key := list "apiKey" "hubToken" }}
{{- with get $engine $key }}
{{- $needed = append $needed (dict "name" .existingSecret "key" .key "what" (printf "engines.%s.%s" $id $key)) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $name, $ref := .Values.secretEnv }}
{{- $needed = append $needed (dict "name" $ref.existingSecret "key" $ref.key "what" (printf "secretEnv.%s" $name)) }}
{{- end }}
{{- toYaml $needed }}
{{- end }}
