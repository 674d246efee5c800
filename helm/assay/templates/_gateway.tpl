{{/* Parts of a pod that runs `assay`: the gateway, the migrations and the test. */}}
{{- define "assay.configVolume" -}}
- name: config
  configMap:
    name: {{ .name }}
    items:
      - { key: assay.yaml, path: assay.yaml }
      {{- range $path, $_ := .root.Values.files }}
      - { key: {{ $path | replace "/" "__" }}, path: {{ $path }} }
      {{- end }}
- name: tmp
  emptyDir: { sizeLimit: 256Mi }
{{- end }}

{{- define "assay.configMounts" -}}
- { name: config, mountPath: /etc/assay, readOnly: true }
- { name: tmp, mountPath: /tmp }
{{- end }}

{{/* Changes when a secret that was made elsewhere changes, so that an upgrade rolls the pods; constant without a cluster. */}}
{{- define "assay.secretsChecksum" -}}
{{- $found := list }}
{{- if .Values.checkSecrets }}
{{- range $need := include "assay.neededSecrets" . | fromYamlArray }}
{{- with lookup "v1" "Secret" $.Release.Namespace $need.name }}
{{- $found = append $found (get .data $need.key) }}
{{- end }}
{{- end }}
{{- end }}
{{- append $found .Values.storage.postgres.url | join "," | sha256sum }}
{{- end }}

{{- define "assay.spread" -}}
{{- if .Values.topologySpread.constraints }}
{{ toYaml .Values.topologySpread.constraints }}
{{- else }}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector: { matchLabels: { {{- include "assay.selector" (dict "root" $ "component" "gateway") | replace "\n" ", " -}} } }
{{- end }}
{{- end }}
{{- end }}
