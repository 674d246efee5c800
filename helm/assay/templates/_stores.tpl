{{/* Stores that the chart runs itself -> their port. */}}
{{- define "assay.bundledPorts" -}}
{{- if and (eq .Values.storage.kind "postgres") .Values.storage.postgres.bundled.enabled }}
postgres: 5432
{{- end }}
{{- if .Values.redis.bundled.enabled }}
redis: 6379
{{- end }}
{{- end }}

{{- define "assay.storeEgress" -}}
{{- range $part, $port := include "assay.bundledPorts" . | fromYaml }}
- to: [{ podSelector: { matchLabels: { {{- include "assay.selector" (dict "root" $ "component" $part) | replace "\n" ", " -}} } } }]
  ports: [{ port: {{ $port }} }]
{{- end }}
{{- end }}
